import numpy as np
import pytest

from convert.making.converter import quantize
from convert.making.simulation import SimulatedFile
from skin_training.predict import predict
from triage.interpreter import open_interpreter

pytestmark = pytest.mark.slow


def test_nothing_quantized_is_the_student_and_everything_its_file(fast, flatbuffer, source, photos):
    simulated = SimulatedFile(fast, source.ranges)
    np.testing.assert_allclose(simulated.run(photos)[0], predict(fast, photos)[0], atol=1e-5)
    simulated.quantize(set(simulated.units))
    found, _ = simulated.run(photos)
    of_file = predict(open_interpreter(quantize(flatbuffer, source.ranges)), photos)[0]
    spread = np.abs(of_file - of_file.mean(axis=0)).mean()
    assert np.abs(of_file - found).mean() < 0.3 * spread
    simulated.quantize(set())
    np.testing.assert_allclose(simulated.run(photos)[0], predict(fast, photos)[0], atol=1e-5)


def test_every_kernel_belongs_to_a_stored_output(fast, source):
    units = SimulatedFile(fast, source.ranges).units
    assert units["expanded_conv_1/expand/activation"] == "expanded_conv_1/expand"
    assert units["expanded_conv_4/expand/BatchNorm"] == "expanded_conv_4/expand"
    assert units["expanded_conv_4/expand/activation"] == ""
    assert units["diagnosis_logits"] == "diagnosis_logits"
