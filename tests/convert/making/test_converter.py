import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer, unpacked
from convert.making.representative import Representative
from convert.making.source import Source, make_flatbuffer
from convert.variants import VARIANTS, find_variants
from skin_training.predict import predict
from triage.errors import UnusableInput
from triage.interpreter import open_interpreter


@pytest.mark.parametrize("name", list(VARIANTS))
def test_the_signature_is_the_contract(flatbuffers, name):
    interpreter = open_interpreter(flatbuffers[name])
    assert set(interpreter.output_names) == {"diagnosis", "lighting"}
    assert interpreter.input_shape == (1, 32, 32, 3)
    assert interpreter.output_shapes == {"diagnosis": (1, 10), "lighting": (1, 1)}
    assert np.dtype(interpreter.input_dtype).name == VARIANTS[name].input_dtype
    if VARIANTS[name].input_dtype == "uint8":
        scale, zero_point = interpreter.input_quantization
        assert scale == pytest.approx(1 / 255, abs=1e-8)
        assert zero_point == 0


@pytest.mark.parametrize(
    ("name", "tolerance"), [("float32", 1e-5), ("float16", 5e-3), ("int8-weights", 0.02), ("dynamic", 0.1)]
)
def test_a_variant_predicts_like_keras(student, photos, flatbuffers, name, tolerance):
    expected = predict(student, photos)
    found = predict(open_interpreter(flatbuffers[name]), photos)
    assert np.abs(found[0] - expected[0]).max() < tolerance
    assert np.abs(found[1] - expected[1]).max() < tolerance


def test_smaller_dtypes_give_smaller_files(flatbuffers):
    sizes = {name: len(data) for name, data in flatbuffers.items()}
    assert sizes["float16"] < 0.6 * sizes["float32"]
    assert sizes["int8"] < 0.4 * sizes["float32"]
    assert sizes["dynamic"] < 0.4 * sizes["float32"]


def test_old_runtimes_can_load_the_dense_layers(flatbuffers):
    for name in ("dynamic", "int8"):
        versions = [o.version for o in Flatbuffer(flatbuffers[name]).operators if o.name == "FULLY_CONNECTED"]
        assert versions
        assert max(versions) < 12


@pytest.mark.parametrize("name", [name for name, variant in VARIANTS.items() if variant.uses_photos])
def test_quantization_needs_photos(student, photos, name):
    without_photos = Source(student, lambda: Representative(photos[:0]))
    with pytest.raises(UnusableInput, match="photos"):
        make_flatbuffer(VARIANTS[name], without_photos)


def test_an_unknown_variant_names_the_known():
    with pytest.raises(UnusableInput, match="float16"):
        find_variants(["int4"])


@pytest.mark.parametrize("name", list(VARIANTS))
def test_each_tensor_has_a_name_of_its_own(flatbuffers, name):
    """Other quantizers and converters tell tensors by their names."""
    names = [bytes(tensor.name) for tensor in unpacked(flatbuffers[name]).subgraphs[0].tensors]
    assert all(names)
    assert len(set(names)) == len(names)
