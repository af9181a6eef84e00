import numpy as np
import pytest
import tf_keras as keras

from convert.making.activation_ranges import choose_ranges, measure_ranges, tensors_of_layers
from convert.making.converter import quantize, to_tflite
from convert.making.equalization import ScaledGate
from convert.making.fast_path import on_fast_path
from skin_training.predict import predict
from triage.interpreter import open_interpreter

LAYERS = ("features", "expanded_conv_2/Add", "expanded_conv_3/squeeze_excite/Mul")


@pytest.mark.parametrize("clipped", [0.0, 0.01])
def test_ranges_are_those_of_keras(fast, flatbuffer, photos, clipped):
    """Against quantiles of the Keras layers' own results."""
    ranges = measure_ranges(flatbuffer, photos[:7], clipped)
    for layer, tensor in tensors_of_layers(ranges, "student", LAYERS).items():
        values = keras.Model(fast.input, fast.get_layer(layer).output)(photos[:7] / np.float32(255)).numpy().ravel()
        beyond = int(clipped * values.size)
        expected = np.sort(values)[[beyond, -1 - beyond]]
        np.testing.assert_allclose(ranges[tensor], expected, rtol=1e-4, atol=1e-5)


def test_what_a_gate_closes_needs_no_steps(student, photos):
    """`x * relu6(x + 3)` is 0 for every x up to -3."""
    flatbuffer = to_tflite(on_fast_path(student))
    measured, chosen = measure_ranges(flatbuffer, photos), choose_ranges(flatbuffer, photos)
    gated = [name for name in chosen if chosen[name][0] == -3.0]
    assert gated
    assert all(measured[name][0] < -3.0 and "BatchNorm" in name for name in gated)


def test_what_a_scaled_gate_closes_needs_no_steps(fast, flatbuffer, photos):
    chosen = choose_ranges(flatbuffer, photos)
    gates = [layer for layer in fast.layers if isinstance(layer, ScaledGate)]
    names = [gate.name.removesuffix("/activation/gate") + "/BatchNorm" for gate in gates if "conv_4" in gate.name]
    tensors = tensors_of_layers(chosen, "student", names)
    assert len(tensors) == 1
    for gate in gates:
        if tensor := tensors.get(gate.name.removesuffix("/activation/gate") + "/BatchNorm"):
            assert chosen[tensor][0] >= -3.0 / gate.get_weights()[0].min() - 1e-5


def test_dark_photos_leave_the_steps_of_bright_ones(flatbuffer, photos):
    chosen = choose_ranges(flatbuffer, photos // 8)
    tensors = tensors_of_layers(chosen, "student", ("color_calibration", "preprocessing"))
    assert chosen[tensors["color_calibration"]] == (0.0, 1.0)
    assert chosen[tensors["preprocessing"]] == pytest.approx((-1.0, 1.0))


def test_what_is_joined_has_one_range(flatbuffer, photos):
    chosen = choose_ranges(flatbuffer, photos)
    tensors = tensors_of_layers(chosen, "student", ("lighting_seen", "lighting_hidden", "lighting_grid_hidden"))
    assert len(tensors) == 3
    assert len({chosen[tensor] for tensor in tensors.values()}) == 1


@pytest.fixture
def with_dead_gate(fast):
    """A student one of whose gates has a hidden layer that is zero for every photo."""
    model = keras.models.clone_model(fast)
    model.set_weights(fast.get_weights())
    inner = model.get_layer("expanded_conv_6/squeeze_excite/Conv")
    kernel, bias = inner.get_weights()
    inner.set_weights([kernel, np.full_like(bias, -1e3)])
    return model


def test_a_dead_layer_does_not_break_the_integer_file(with_dead_gate, photos):
    expected = predict(with_dead_gate, photos)[0]
    flatbuffer = to_tflite(with_dead_gate)
    ranges = choose_ranges(flatbuffer, photos)
    (hidden,) = tensors_of_layers(ranges, "student", ["expanded_conv_6/squeeze_excite/Relu"]).values()
    assert ranges[hidden] == (0.0, 1.0)
    found = predict(open_interpreter(quantize(flatbuffer, ranges)), photos)[0]
    # An untrained network is rough in 8 bits; a broken gate is off by far more.
    assert np.abs(found - expected).mean() < 0.05
