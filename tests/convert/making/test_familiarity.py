"""The output `familiarity` in every variant."""

import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer
from convert.making.familiarity import _with_output, pooled_features, with_familiarity
from convert.variants import VARIANTS
from convert.verifying.partitions import delegate_partitions
from skin_training.familiarity import METHODS
from triage.assessment import FAMILIARITY
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter

MAX_BYTES = 80_000


def features_of(flatbuffer, photos):
    interpreter = open_interpreter(_with_output(flatbuffer, pooled_features(Flatbuffer(flatbuffer))))
    return np.stack([interpreter.run(photo)[FAMILIARITY].reshape(-1) for photo in photos])


@pytest.mark.parametrize("variant", sorted(VARIANTS))
@pytest.mark.parametrize("method", sorted(METHODS))
def test_every_variant_computes_what_was_fitted_on_its_features(flatbuffers, photos, variant, method):
    plain = flatbuffers[variant]
    features = features_of(plain, photos)
    fitted = METHODS[method](features[:16], np.arange(16) % 3).with_fractions(features[8:])
    grafted = with_familiarity(plain, fitted)
    assert len(grafted) - len(plain) <= MAX_BYTES
    before, after = open_interpreter(plain), open_interpreter(grafted)
    assert set(after.output_names) == {"diagnosis", "lighting", FAMILIARITY}
    assert after.output_shapes[FAMILIARITY] == (1, 1)
    for photo, expected in zip(photos, fitted.fraction(features), strict=True):
        outputs = after.run(photo)
        assert outputs[FAMILIARITY][0, 0] == pytest.approx(expected, abs=0.02)
        for name, values in before.run(photo).items():
            np.testing.assert_array_equal(outputs[name], values)
    assert delegate_partitions(grafted).count <= delegate_partitions(plain).count


def test_a_file_without_the_pooled_features_is_refused(changed, flatbuffers):
    def rename(model, names):
        for tensor in model.subgraphs[0].tensors:
            tensor.name = bytes(tensor.name).replace(b"/features/", b"/other/")

    with pytest.raises(CheckFailed, match="features"):
        pooled_features(Flatbuffer(changed(flatbuffers["float32"], rename)))
