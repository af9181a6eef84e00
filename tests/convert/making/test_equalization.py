import numpy as np
import pytest
import tf_keras as keras

from convert.flatbuffer import Flatbuffer
from convert.making.activation_ranges import choose_ranges
from convert.making.converter import quantize, to_tflite
from convert.making.equalization import equalized
from convert.making.fast_path import on_fast_path
from distill.student import build_student
from skin_training.predict import predict
from triage.interpreter import open_interpreter

BN, KERNEL = "expanded_conv_1/expand/BatchNorm", "expanded_conv_1/depthwise"
GATED = "expanded_conv_4/expand/BatchNorm"


@pytest.fixture(scope="module")
def rewritten(student):
    """The student for integer kernels, before its channels are equalized."""
    return on_fast_path(student)


@pytest.fixture(scope="module")
def uneven(rewritten):
    """The same student with channels of a map a hundred times smaller, enlarged again by the next kernel."""
    model = keras.models.clone_model(rewritten)
    model.set_weights(rewritten.get_weights())
    gamma, beta, *statistics = model.get_layer(BN).get_weights()
    factor = np.where(np.arange(len(gamma)) % 2, 0.01, 1.0).astype(np.float32)
    model.get_layer(BN).set_weights([gamma * factor, beta * factor, *statistics])
    (kernel,) = model.get_layer(KERNEL).get_weights()
    model.get_layer(KERNEL).set_weights([kernel / factor[:, None]])
    return model


@pytest.fixture(scope="module")
def even(uneven, photos):
    return equalized(uneven, photos)


@pytest.fixture(scope="module")
def before_and_after(uneven, even):
    """Flatbuffers of the student with uneven channels, and of what becomes of it."""
    return to_tflite(uneven), to_tflite(even)


def test_predictions_stay_the_same(rewritten, photos):
    found = equalized(rewritten, photos)
    for one, other in zip(predict(found, photos), predict(rewritten, photos), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_channels_before_a_depthwise_kernel_have_like_ranges(uneven, even, photos):
    def largest(model, layer):
        values = keras.Model(model.input, model.get_layer(layer).output)(photos / np.float32(255)).numpy()
        return values.max(axis=(0, 1, 2))

    for layer in (BN, GATED):
        before, after = (largest(model, layer) for model in (uneven, even))
        alive = before > 1e-3
        assert np.median(after[alive]) > 0.5 * after.max()
        assert layer == GATED or after.max() < 1.5 * before.max()  # in a gated map -3 counts as 6
    assert np.median(largest(uneven, BN)) < 0.3 * largest(uneven, BN).max()


def test_small_channels_keep_their_values_in_8_bits(uneven, before_and_after, photos):
    expected = predict(uneven, photos)[0]
    files = [quantize(flatbuffer, choose_ranges(flatbuffer, photos)) for flatbuffer in before_and_after]
    plain, found = (np.abs(predict(open_interpreter(file), photos)[0] - expected).mean() for file in files)
    assert found < 0.5 * plain


def test_a_gate_that_undoes_a_factor_is_one_operator_like_the_addition_it_replaces(before_and_after):
    before, after = (Flatbuffer(flatbuffer).operator_counts() for flatbuffer in before_and_after)
    assert sum(before.values()) == sum(after.values())
    gates = after["DEPTHWISE_CONV_2D"] - before["DEPTHWISE_CONV_2D"]
    assert gates > 5
    assert before["ADD"] - after["ADD"] == gates


def test_a_student_without_such_maps_is_returned_as_it_is(photos):
    student = build_student(3, 32, backbone="efficientnet_lite0")
    assert equalized(student, photos) is student
