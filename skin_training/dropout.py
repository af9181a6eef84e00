"""Dropout whose masks depend on the run's seed and epoch only, so that a resumed run repeats them."""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras


@keras.saving.register_keras_serializable("skin_distill")
class SeededDropout(keras.layers.Layer):
    """Inverted dropout (Srivastava et al. 2014) with its own generator.

    Keras's layer draws from a state that checkpoints do not hold, so a resumed run would use other masks than an
    uninterrupted one. A frozen layer drops nothing: like frozen batch normalisation it stays in inference mode, so that
    a frozen backbone always computes the same features.

    Args:
        rate: fraction of the inputs set to zero, in [0, 1).
        noise_shape: shape of a mask to broadcast, with None for the batch size, as in Keras.
    """

    def __init__(self, rate: float, noise_shape: tuple[int | None, ...] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate must be in [0, 1). Received: {rate}")
        self.rate, self.noise_shape = rate, noise_shape
        self.generator = tf.random.Generator.from_seed(0)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return a tensor of the input's shape; outside training and when frozen, the input."""
        if not training or not self.trainable or not self.rate:
            return inputs
        shape = tf.shape(inputs)
        if self.noise_shape is not None:
            shape = [shape[axis] if size is None else size for axis, size in enumerate(self.noise_shape)]
        kept = self.generator.uniform(shape, dtype=inputs.dtype) >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros((), inputs.dtype))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape}


def reseed_dropout(model: keras.Model, seed: int, epoch: int) -> None:
    """Seed the masks of an epoch, numbered over the whole run, in all `SeededDropout` layers, nested ones included."""
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, SeededDropout)]
    for number, layer in enumerate(layers):
        mixed = np.random.SeedSequence([seed, epoch, number]).generate_state(1, np.uint64)[0]
        layer.generator.reset_from_seed(int(mixed >> np.uint64(1)))


def with_seeded_dropout(model: keras.Model) -> keras.Model:
    """Return a copy of a model, weights included, in which every dropout is a `SeededDropout`."""
    if not any(isinstance(layer, keras.layers.Dropout) for layer in model.layers):
        return model

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.Dropout):
            # EfficientNet's stochastic depth is a dropout with one value per photo.
            return SeededDropout(layer.rate, layer.noise_shape, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    seeded = keras.models.clone_model(model, clone_function=clone)
    seeded.set_weights(model.get_weights())
    return seeded
