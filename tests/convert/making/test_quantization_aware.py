import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from convert.flatbuffer import Flatbuffer
from convert.making.activation_ranges import SAME_SCALE, choose_ranges
from convert.making.converter import to_tflite
from convert.making.quantization_aware import KernelQuantizer, QuantizationAwareStudent
from distill.student import build_student
from skin_training.color_calibration import ccm_of
from skin_training.heads import logits_model
from skin_training.predict import predict
from triage.interpreter import open_interpreter


@pytest.mark.parametrize("axis", [2, 3, None])
def test_a_kernel_is_quantized_as_the_converter_does(axis):
    """Against the formula of TFLite's quantization specification, channel by channel."""
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 5)).astype(np.float32)
    variable = tf.Variable(kernel)
    with tf.GradientTape() as tape:
        quantized = KernelQuantizer(axis)(variable, training=True, weights={})
        total = tf.reduce_sum(quantized)
    for channel in range(kernel.shape[axis] if axis is not None else 1):
        part = kernel if axis is None else kernel.take(channel, axis)
        found = quantized.numpy() if axis is None else quantized.numpy().take(channel, axis)
        step = np.abs(part).max() / 127
        np.testing.assert_allclose(found, np.clip(np.rint(part / step), -127, 127) * step, atol=1e-6)
    np.testing.assert_array_equal(tape.gradient(total, variable), np.ones_like(kernel))


def test_the_file_predicts_like_the_quantized_model(qat_student, flatbuffers, photos):
    of_file, quantized = predict(open_interpreter(flatbuffers["int8-qat"]), photos), qat_student.predict(photos)
    for head in (0, 1):
        spread = np.abs(quantized[head] - quantized[head].mean(axis=0)).mean()
        assert np.abs(of_file[head] - quantized[head]).mean() < 0.3 * spread


def test_every_quantized_activation_of_the_file_is_quantized_in_training(qat_student, flatbuffers):
    """Against the file: each integer activation has a fake quantization of the same scale in the Keras model."""
    parsed = Flatbuffer(flatbuffers["int8-qat"])
    inside = {"color_calibration", "preprocessing", "light_grid"}  # more than one operator in a layer
    bounds = {w.layer.name: w.quantize_config.bounds for w in qat_student.model.layers if hasattr(w, "layer")}
    checked = 0
    for operator in parsed.operators:
        tensor = operator.outputs[0]
        name = parsed.name(tensor).split(";")[0].removeprefix("student/")
        if not parsed.is_integer(tensor) or operator.name in SAME_SCALE or name.split("/")[0] in inside:
            continue
        layer = max((layer for layer in bounds if name.startswith(f"{layer}/")), key=len, default=None)
        if layer is None:
            continue
        low, high = bounds[layer]
        assert parsed.quantization(tensor)[0][0] == pytest.approx((high - low) / 255, rel=1e-5), name
        checked += 1
    assert checked > 80


def test_training_brings_the_quantized_model_to_the_float_student(fast, source, photos):
    student, aware = fast, QuantizationAwareStudent(fast, source.ranges)
    before = [weight.copy() for weight in student.get_weights()]
    images = photos.astype(np.float32) / np.float32(255)
    target, _ = (logits.numpy() for logits in logits_model(student)(images))
    aware.select(aware.phases[0])
    optimizer = keras.optimizers.Adam(1e-4)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(aware.model(images, training=True)[0] - target))
        variables = aware.model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    losses = [float(step()) for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    for one, other in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(ccm_of(aware.float_student())[0], ccm_of(student)[0])
    statistics = [w for w in aware.float_student().weights if "moving" in w.name]
    expected = [w for w in student.weights if "moving" in w.name]
    assert statistics
    for one, other in zip(statistics, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_efficientnet_lite_is_trained_on_a_copy(photos):
    student = build_student(10, 32, backbone="efficientnet_lite0")
    aware = QuantizationAwareStudent(student, choose_ranges(to_tflite(student), photos))
    assert aware.float_student() is not student
    np.testing.assert_allclose(predict(aware.float_student(), photos)[0], predict(student, photos)[0], atol=1e-5)
