import numpy as np
import pytest
import tf_keras as keras

from convert.making.bias_correction import bias_corrected


@pytest.mark.parametrize("kind", ["bias", "normalization", "depthwise"])
def test_the_mean_output_is_that_of_the_float_kernel(kind):
    """Against the layers' own outputs, with kernels rounded by the formula of TFLite's specification."""
    generator = np.random.default_rng(0)
    image = keras.Input((12, 12, 3))
    x = image
    if kind == "depthwise":
        x = keras.layers.DepthwiseConv2D(3, padding="same", name="layer")(x)
    else:
        x = keras.layers.Conv2D(8, 3, padding="same", use_bias=kind == "bias", name="layer")(x)
        if kind == "normalization":
            x = keras.layers.BatchNormalization()(x)
    model = keras.Model(image, x)
    photos = generator.integers(0, 256, (20, 12, 12, 3), np.uint8)
    before, found = model.get_weights(), bias_corrected(model, photos)

    def mean_output(model, rounded):
        weights = model.get_layer("layer").get_weights()
        if rounded:
            axes = (0, 1, 3) if kind == "depthwise" else (0, 1, 2)
            scale = np.abs(weights[0]).max(axis=axes, keepdims=True) / 127
            model.get_layer("layer").set_weights([np.rint(weights[0] / scale) * scale, *weights[1:]])
        output = model(photos / np.float32(255)).numpy().mean(axis=(0, 1, 2))
        model.get_layer("layer").set_weights(weights)
        return output

    expected = mean_output(model, rounded=False)
    shift = np.abs(mean_output(model, rounded=True) - expected).max()
    assert np.abs(mean_output(found, rounded=True) - expected).max() < 0.2 * shift
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
