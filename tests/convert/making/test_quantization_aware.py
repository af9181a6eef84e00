import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from convert.flatbuffer import Flatbuffer
from convert.making.activation_ranges import SAME_SCALE, choose_ranges
from convert.making.converter import quantize, to_tflite
from convert.making.quantization_aware import (
    FROZEN_PART,
    LARGEST,
    RANGE_RATE,
    KernelQuantizer,
    LearnedRange,
    QuantizationAwareStudent,
)
from distill.student import build_student
from skin_training.color_calibration import ccm_of
from skin_training.heads import logits_model
from skin_training.predict import predict
from triage.interpreter import open_interpreter


def learned_ranges(aware):
    return [layer for layer in aware.model.layers if isinstance(layer, LearnedRange)]


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
    bounds |= {layer.name[: -len("/range")]: layer.bounds() for layer in learned_ranges(qat_student)}
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


def test_training_brings_a_disturbed_quantized_model_to_the_float_student(fast, source, photos):
    student, aware = fast, QuantizationAwareStudent(fast, source.ranges)
    before = [weight.copy() for weight in student.get_weights()]
    images = photos.astype(np.float32) / np.float32(255)
    target, _ = (logits.numpy() for logits in logits_model(student)(images))
    aware.select(aware.phases[0])
    optimizer, rng = keras.optimizers.Adam(1e-4), np.random.default_rng(0)
    for variable in aware.model.trainable_variables:  # it starts at the float student's loss of almost 0
        variable.assign(variable * (1 + 0.1 * rng.normal(size=variable.shape)))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(aware.model(images, training=True)[0] - target))
        variables = aware.model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    losses = [float(step()) for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    for one, other in zip(before, student.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(ccm_of(aware.float_student())[0], ccm_of(student)[0])
    statistics = [w for w in aware.float_student().weights if "moving" in w.name]
    expected = [w for w in student.weights if "moving" in w.name]
    assert statistics
    for one, other in zip(statistics, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_gradient_of_a_range_is_that_of_learned_step_sizes():
    """Against Esser et al. 2020, equation 3, with the step's zero point, in double precision."""
    values, low, high = np.array([-2.0, -0.3, 0.0, 0.4, 0.71, 3.0], np.float32), -0.5, 1.0
    layer = LearnedRange(low, high)
    images = tf.constant(values)
    upstream = np.array([1.0, -2.0, 3.0, 0.5, 4.0, 0.25])
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(layer(images) * upstream.astype(np.float32))
    of_values, of_factor = tape.gradient(total, [images, layer.log_factor])
    step = (high - low) / 255
    zero = round(-low / step)
    places = np.clip(values / step, -zero, 255 - zero)
    inside = places == values / step
    of_step = np.where(inside, np.rint(places) - places, places)
    expected = RANGE_RATE * step * (upstream * of_step).sum() / np.sqrt(values.size * LARGEST)
    assert float(of_factor) == pytest.approx(expected, rel=1e-3)
    np.testing.assert_array_equal(of_values, np.where(inside, upstream, 0))


def test_ranges_are_learned_first_and_frozen_last_and_the_file_has_them(source, photos):
    aware = QuantizationAwareStudent(source.fast_student, source.ranges, epochs=FROZEN_PART)
    first, last = aware.phases
    assert (first.epochs, last.epochs) == (FROZEN_PART - 1, 1)
    learned = learned_ranges(aware)
    assert len(learned) > 50
    for layer in learned:
        layer.log_factor.assign(0.02)
    factors = {id(layer.log_factor) for layer in learned}
    aware.select(first)
    assert factors <= {id(variable) for variable in aware.model.trainable_variables}
    aware.select(last)
    assert not factors & {id(variable) for variable in aware.model.trainable_variables}

    parsed, ranges = Flatbuffer(quantize(to_tflite(aware.float_student()), aware.ranges())), aware.ranges()
    stored = {parsed.name(t).split(";")[0]: t for o in parsed.operators for t in o.outputs if parsed.is_integer(t)}
    wider = [name for name in ranges if ranges[name] != source.ranges[name]]
    assert len(wider) == len(learned)
    for name in wider:
        low, high = ranges[name]
        assert high - low == pytest.approx(np.exp(0.02 * RANGE_RATE) * np.diff(source.ranges[name])[0])
        assert parsed.quantization(stored[name.split(";")[0]])[0][0] == pytest.approx((high - low) / 255, rel=1e-4), (
            name
        )


def test_efficientnet_lite_is_trained_on_a_copy(photos):
    student = build_student(10, 32, backbone="efficientnet_lite0")
    aware = QuantizationAwareStudent(student, choose_ranges(to_tflite(student), photos))
    assert aware.float_student() is not student
    np.testing.assert_allclose(predict(aware.float_student(), photos)[0], predict(student, photos)[0], atol=1e-5)
