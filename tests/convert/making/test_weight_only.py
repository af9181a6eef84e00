import numpy as np
import pytest
import tensorflow as tf

from convert.flatbuffer import Flatbuffer, ccm_chain, packed, unpacked, with_unique_names
from convert.making.weight_only import KERNEL_AXES, MIN_WEIGHTS, mean_shift, quantize_kernel, with_integer_weights
from convert.verifying.partitions import delegate_partitions
from skin_training.predict import predict
from triage.interpreter import open_interpreter


@pytest.mark.parametrize("axis", [0, 3])
def test_a_kernel_is_quantized_channel_by_channel(axis):
    """Against the formula of TFLite's quantization specification."""
    kernel = np.random.default_rng(0).normal(size=(4, 3, 3, 5))
    integers, scales = quantize_kernel(kernel, axis)
    for channel in range(kernel.shape[axis]):
        row = kernel.take(channel, axis)
        step = np.abs(row).max() / 127
        assert scales[channel] == pytest.approx(step)
        np.testing.assert_array_equal(integers.take(channel, axis), np.rint(row / step))


@pytest.mark.parametrize(
    ("operator", "apply", "shape"),
    [
        ("CONV_2D", lambda x, k: tf.nn.conv2d(x, k, 1, "SAME"), (3, 3, 6, 8)),
        ("DEPTHWISE_CONV_2D", lambda x, k: tf.nn.depthwise_conv2d(x, k[..., None], (1, 1, 1, 1), "SAME"), (3, 3, 6)),
        ("FULLY_CONNECTED", lambda x, k: x[:, 0, 0] @ k, (6, 8)),
    ],
)
def test_the_shift_of_the_mean_is_what_a_layer_measures(operator, apply, shape):
    """Against the layer itself, for inputs that are the same at every place, away from the border."""
    generator = np.random.default_rng(0)
    error = generator.normal(size=shape).astype(np.float32)
    inputs = np.tile(generator.uniform(0, 4, (20, 1, 1, 6)), (1, 5, 5, 1)).astype(np.float32)
    results = np.asarray(apply(inputs, error))
    inner = results[:, 2, 2] if results.ndim == 4 else results
    found = mean_shift(error, inputs.mean(axis=(0, 1, 2)), operator)
    np.testing.assert_allclose(found, inner.mean(axis=0), rtol=1e-4, atol=1e-4)


def test_corrected_biases_reduce_the_error(student, photos, flatbuffers):
    """Corrected biases bring the predictions closer to the float student's than the float file's biases do."""

    def error(flatbuffer):
        found = predict(open_interpreter(flatbuffer), photos)[0]
        return np.abs(found - predict(student, photos)[0]).mean()

    parsed, model = Flatbuffer(flatbuffers["float32"]), unpacked(flatbuffers["float32"])
    for operator in parsed.operators:
        kernel = parsed.constant(operator.inputs[1]) if operator.name in KERNEL_AXES else None
        if kernel is None or kernel.size < MIN_WEIGHTS:
            continue
        axis = KERNEL_AXES[operator.name]
        integers, scales = quantize_kernel(kernel, axis)
        values = np.moveaxis(np.moveaxis(integers, axis, -1) * scales, -1, axis).astype(np.float32)
        buffer = model.subgraphs[0].tensors[operator.inputs[1]].buffer
        model.buffers[buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    assert error(flatbuffers["int8-weights"]) < 0.9 * error(packed(model))


def test_a_channel_of_zeros_stays_zero():
    integers, scales = quantize_kernel(np.zeros((2, 1, 1, 3), np.float32), 0)
    assert not integers.any()
    assert np.isfinite(scales).all()


def test_every_large_kernel_is_stored_in_8_bit_and_nothing_else(flatbuffers):
    """Against the float file: the same operators, whose constants are within half a step."""
    before, after = Flatbuffer(flatbuffers["float32"]), Flatbuffer(flatbuffers["int8-weights"])
    behind = [operator for operator in after.operators if operator.name != "DEQUANTIZE"]
    stored = {o.outputs[0]: o.inputs[0] for o in after.operators if o.name == "DEQUANTIZE"}
    assert [o.name for o in behind] == [o.name for o in before.operators]
    for one, other in zip(before.operators, behind, strict=True):
        for old, new in zip(one.inputs, other.inputs, strict=True):
            values = before.constant(old) if old >= 0 else None
            if values is None:
                continue
            kernel = before.constant(one.inputs[1]) if one.name in KERNEL_AXES else np.empty(0)
            large = kernel.size >= MIN_WEIGHTS
            assert (new in stored) == (large and old == one.inputs[1])
            if large and old != one.inputs[1]:
                continue  # a bias, corrected
            if not large:
                np.testing.assert_array_equal(after.constant(new), values)
                continue
            steps, zero_points = after.quantization(stored[new])
            assert len(steps) == values.shape[KERNEL_AXES[one.name]]
            assert not zero_points.any()
            error = np.moveaxis(np.abs(after.constant(new) - values), KERNEL_AXES[one.name], -1)
            assert (error <= 0.501 * steps).all()
    assert len(stored) > 40
    assert not set(ccm_chain(after)[0].inputs) & set(stored)


def test_the_file_is_small_and_runs_whole_inside_xnnpack(flatbuffers, photos):
    assert len(flatbuffers["int8-weights"]) < 0.3 * len(flatbuffers["float32"])
    found = delegate_partitions(flatbuffers["int8-weights"])
    assert (found.count, found.outside) == (1, [])
    with_delegate, without = (
        open_interpreter(flatbuffers["int8-weights"], use_delegate=wanted).run(photos[0]) for wanted in (True, False)
    )
    for name, values in with_delegate.items():
        np.testing.assert_allclose(values, without[name], atol=1e-5)


def test_the_same_photos_give_the_same_bytes(flatbuffers, photos):
    again = with_unique_names(with_integer_weights(flatbuffers["float32"], photos))
    assert again == flatbuffers["int8-weights"]
