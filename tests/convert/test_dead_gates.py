import numpy as np
import pytest
import tf_keras as keras

from convert.dead_gates import enliven_dead_gates
from convert.tflite import to_flatbuffer
from convert.variants import VARIANTS
from teacher.predict import predict
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter

BLOCK = "expanded_conv_6"


@pytest.fixture
def with_dead_gate(student):
    """A student one of whose gates has a hidden layer that is zero for every photo."""
    model = keras.models.clone_model(student)
    model.set_weights(student.get_weights())
    inner = model.get_layer(f"{BLOCK}/squeeze_excite/Conv")
    kernel, bias = inner.get_weights()
    inner.set_weights([kernel, np.full_like(bias, -1e3)])
    return model


def test_a_living_student_is_left_alone(student, photos):
    assert enliven_dead_gates(student, photos) == (student, [])


def test_a_dead_gate_is_found_and_answers_stay_the_same(with_dead_gate, photos):
    changed, dead = enliven_dead_gates(with_dead_gate, photos)
    assert dead == [BLOCK]
    before, after = predict(with_dead_gate, photos), predict(changed, photos)
    np.testing.assert_allclose(after[0], before[0], atol=1e-6)
    np.testing.assert_allclose(after[1], before[1], atol=1e-6)


def test_the_integer_file_runs_and_answers_again(with_dead_gate, photos):
    expected = predict(with_dead_gate, photos)[0]
    changed, _ = enliven_dead_gates(with_dead_gate, photos)
    found = predict(open_interpreter(to_flatbuffer(changed, VARIANTS["int8"], photos)), photos)[0]
    # An untrained network is rough in 8 bits; a broken gate is off by far more.
    assert np.abs(found - expected).mean() < 0.05


def test_without_it_the_file_is_refused_or_wrong(with_dead_gate, photos):
    expected = predict(with_dead_gate, photos)[0]
    changed, _ = enliven_dead_gates(with_dead_gate, photos)
    better = predict(open_interpreter(to_flatbuffer(changed, VARIANTS["int8"], photos)), photos)[0]
    try:
        found = predict(open_interpreter(to_flatbuffer(with_dead_gate, VARIANTS["int8"], photos)), photos)[0]
    except CheckFailed:
        return
    assert np.abs(found - expected).mean() > np.abs(better - expected).mean()
