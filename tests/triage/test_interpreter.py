import subprocess
import sys

import numpy as np
import pytest

from triage.errors import UnusableInput
from triage.interpreter import RUNTIMES, _refuse_lost_scales, available_runtimes, check_input, open_interpreter
from triage.photo import to_tensor

SIZE = 32


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def keras_answers(flatbuffers, pixels) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in flatbuffers["keras"](to_tensor(pixels)).items()}


def test_float_model_answers_as_keras_does(flatbuffers, pixels):
    interpreter = open_interpreter(flatbuffers["float32"])
    assert set(interpreter.output_names) == {"diagnosis", "lighting"}
    assert interpreter.input_size == SIZE
    assert interpreter.input_dtype is np.float32
    assert interpreter.input_quantization == (0.0, 0)
    for name, expected in keras_answers(flatbuffers, pixels).items():
        np.testing.assert_allclose(interpreter.run(pixels)[name], expected, atol=1e-5)
        np.testing.assert_allclose(interpreter.run(pixels[np.newaxis])[name], expected, atol=1e-5)
        np.testing.assert_allclose(interpreter.run_tensor(to_tensor(pixels))[name], expected, atol=1e-5)
        assert interpreter.output_shapes[name] == expected.shape


@pytest.mark.parametrize("kind", ["uint8", "int8"])
def test_integer_models_answer_nearly_so_in_real_numbers(flatbuffers, pixels, kind):
    interpreter = open_interpreter(flatbuffers[kind], threads=2)
    assert interpreter.input_dtype is getattr(np, kind)
    answers = interpreter.run(pixels)
    for name, expected in keras_answers(flatbuffers, pixels).items():
        assert answers[name].dtype == np.float32
        np.testing.assert_allclose(answers[name], expected, atol=0.06)
        # Quantizing the float tensor is the same as giving the pixels.
        np.testing.assert_array_equal(interpreter.run_tensor(to_tensor(pixels))[name], answers[name])


def test_uint8_pixels_pass_unchanged_when_the_scale_says_so(flatbuffers, pixels):
    interpreter = open_interpreter(flatbuffers["uint8"])
    scale, zero_point = interpreter.input_quantization
    assert (round(1 / scale), zero_point) == (255, 0)
    direct = interpreter.run_tensor(pixels[np.newaxis])
    np.testing.assert_array_equal(direct["diagnosis"], interpreter.run(pixels)["diagnosis"])


def test_options_do_not_change_the_answer(flatbuffers, pixels):
    expected = open_interpreter(flatbuffers["float32"]).run(pixels)["diagnosis"]
    plain = open_interpreter(flatbuffers["float32"], preserve_all_tensors=True, use_delegate=False)
    np.testing.assert_allclose(plain.run(pixels)["diagnosis"], expected, atol=1e-6)
    names = [details["name"] for details in plain.raw.get_tensor_details()]
    assert len(names) > 3


def test_wrong_pixels_are_refused(flatbuffers, pixels):
    interpreter = open_interpreter(flatbuffers["float32"])
    for wrong in (pixels[:-1], pixels[..., :1], pixels.astype(np.float32)):
        with pytest.raises(UnusableInput, match="Received"):
            interpreter.run(wrong)
    for wrong in (to_tensor(pixels)[0], to_tensor(pixels).astype(np.float64)):
        with pytest.raises(UnusableInput, match="Received"):
            interpreter.run_tensor(wrong)


def test_models_that_cannot_be_opened(flatbuffers):
    good = flatbuffers["float32"]
    for wrong in (b"", b"hello, I am text", good[:100], good[: len(good) // 3]):
        with pytest.raises(UnusableInput, match="Received"):
            open_interpreter(wrong)
    with pytest.raises(UnusableInput, match="threads"):
        open_interpreter(good, threads=0)


def test_a_model_without_an_image_input_is_refused():
    tf = pytest.importorskip("tensorflow")
    import tf_keras as keras

    numbers = keras.Input((4,), batch_size=1)
    model = keras.Model(numbers, keras.layers.Dense(2)(numbers))
    with pytest.raises(UnusableInput, match="one RGB image"):
        open_interpreter(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def details(*signature, dtype=np.float32):
    return {"shape": np.abs(signature), "shape_signature": np.array(signature), "dtype": dtype}


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ([details(1, -1, -1, 3)], "no fixed input size"),
        ([details(1, 3, 224, 224)], "NCHW"),
        ([details(1, 224, 224, 1)], "224, 224, 1"),
        ([details(2, 224, 224, 3)], "2, 224"),
        ([details(1, 224, 224)], "1, 224, 224"),
        ([details(1, 224, 224, 3, dtype=np.float16)], "float16"),
        ([details(1, 224, 224, 3, dtype=np.int32)], "int32"),
        ([details(1, 32, 32, 3), details(1, 4)], r"\(1, 4\)"),
        ([], "none"),
    ],
)
def test_an_input_that_is_no_photo_is_named(inputs, named):
    with pytest.raises(UnusableInput, match=named):
        check_input(inputs)


def test_a_batch_of_any_size_and_old_runtimes_are_accepted():
    check_input([details(-1, 299, 200, 3, dtype=np.uint8)])
    check_input([{"shape": np.array([1, 32, 32, 3]), "dtype": np.float32}])


def test_the_runtime_is_named(flatbuffers):
    name, version = next(iter(available_runtimes().items()))
    assert open_interpreter(flatbuffers["float32"]).runtime == f"{name} {version}"


def test_a_registered_runtime_comes_before_all_others(flatbuffers, pixels, monkeypatch):
    import ai_edge_litert.interpreter as module

    from triage.interpreter import register_runtime

    expected = open_interpreter(flatbuffers["float32"]).run(pixels)["diagnosis"]
    monkeypatch.setattr("triage.interpreter._registered", {})
    register_runtime("of_a_phone", "7", module)
    assert next(iter(available_runtimes().items())) == ("of_a_phone", "7")
    interpreter = open_interpreter(flatbuffers["float32"])
    assert interpreter.runtime == "of_a_phone 7"
    np.testing.assert_array_equal(interpreter.run(pixels)["diagnosis"], expected)


def test_opening_prints_nothing(flatbuffers, tmp_path):
    (tmp_path / "m.tflite").write_bytes(flatbuffers["float32"])
    script = (
        "import pathlib, sys; from triage.interpreter import open_interpreter;"
        "open_interpreter(pathlib.Path(sys.argv[1]).read_bytes());"
        "print('heard', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m.tflite")], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "heard\n")


def test_the_next_runtime_is_taken_when_the_best_is_absent(flatbuffers, pixels, monkeypatch):
    if "tensorflow" not in available_runtimes():
        pytest.skip("needs a second runtime")
    expected = open_interpreter(flatbuffers["float32"]).run(pixels)["diagnosis"]
    monkeypatch.setattr("triage.interpreter.RUNTIMES", {"tensorflow": RUNTIMES["tensorflow"]})
    other = open_interpreter(flatbuffers["float32"])
    assert other.runtime.startswith("tensorflow 2")
    np.testing.assert_allclose(other.run(pixels)["diagnosis"], expected, atol=1e-6)


class OneLayer:
    """What tflite_runtime tells of a model with one layer."""

    def __init__(self, operator, dtype, scales):
        self.operator, self.tensors = operator, [(0, np.float32, []), (1, dtype, scales), (2, np.float32, [])]

    def get_tensor_details(self):
        return [
            {"index": index, "dtype": dtype, "quantization_parameters": {"scales": np.array(scales, np.float32)}}
            for index, dtype, scales in self.tensors
        ]

    def _get_ops_details(self):
        return [{"op_name": self.operator, "inputs": np.array([0, 1, 2])}]


@pytest.mark.parametrize("operator", ["FULLY_CONNECTED", "CONV_2D"])
def test_weights_that_tflite_runtime_would_ignore_are_refused(operator):
    with pytest.raises(UnusableInput, match=operator):
        _refuse_lost_scales(OneLayer(operator, np.int8, [0.1, 0.1]), "tflite_runtime 2.14.0")


@pytest.mark.parametrize(
    "layer",
    [
        ("FULLY_CONNECTED", np.int8, [0.1]),
        ("FULLY_CONNECTED", np.float32, []),
        ("CONV_2D", np.int8, [0.1, 0.2]),
        ("DEPTHWISE_CONV_2D", np.int8, [0.1, 0.1]),
    ],
)
def test_weights_that_it_reads_rightly_are_not(layer):
    _refuse_lost_scales(OneLayer(*layer), "tflite_runtime 2.14.0")
