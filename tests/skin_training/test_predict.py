import gc

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from skin_training.predict import keras_forward

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)


def network():
    image = keras.Input((8, 8, 3))
    return keras.Model(image, keras.layers.Conv2D(2, 3)(image))


def test_pixels_are_scaled_to_one_and_the_graph_is_kept():
    model = network()
    forward = keras_forward(model)
    np.testing.assert_allclose(forward(PIXELS), model(PIXELS / np.float32(255)), atol=1e-6)
    assert keras_forward(model) is forward


def test_many_models_are_not_taken_for_one_that_is_traced_again(caplog):
    for _ in range(6):
        keras_forward(network())(PIXELS)
    assert "retracing" not in caplog.text


def test_it_outlives_the_callers_model():
    forward = keras_forward(network())
    gc.collect()
    assert forward(PIXELS).shape == (2, 6, 6, 2)


def test_other_pixels_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError, match="uint8"):
        keras_forward(network())(PIXELS / 255)
