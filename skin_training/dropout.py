"""Dropout whose masks depend on the run's seed and the epoch alone, so that a resumed run repeats them."""

from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras


@keras.saving.register_keras_serializable("skin_distill")
class SeededDropout(keras.layers.Layer):
    """Inverted dropout (Srivastava et al. 2014) with a generator of its own.

    Keras's own layer draws from a state that no checkpoint holds: a run that was interrupted would go on with other
    masks than an uninterrupted one. A frozen layer drops nothing: like frozen batch normalisation it stays in inference
    mode, so that a frozen backbone gives the same features every time.

    Args:
        rate: share of the inputs set to zero, in [0, 1).
        noise_shape: shape of the mask where it is to be broadcast, None for the batch size, as in Keras.
    """

    def __init__(self, rate: float, noise_shape: tuple[int | None, ...] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"rate is in [0, 1). Received: {rate}")
        self.rate, self.noise_shape = rate, noise_shape
        self.generator = tf.random.Generator.from_seed(0)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Return a tensor of the input's shape; outside training, and when frozen, the input itself."""
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
    """Start the masks of an epoch.

    Args:
        model: its `SeededDropout` layers, also those of models inside it, are set.
        seed: the run's seed, at least 0.
        epoch: number of the epoch over the whole run.
    """
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, SeededDropout)]
    for number, layer in enumerate(layers):
        mixed = np.random.SeedSequence([seed, epoch, number]).generate_state(1, np.uint64)[0]
        layer.generator.reset_from_seed(int(mixed >> np.uint64(1)))


def with_seeded_dropout(model: keras.Model) -> keras.Model:
    """Return a model like the given one, with the same weights, in which every dropout is a `SeededDropout`."""
    if not any(isinstance(layer, keras.layers.Dropout) for layer in model.layers):
        return model

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.Dropout):
            # EfficientNet's stochastic depth is a dropout with one value a photo.
            return SeededDropout(layer.rate, layer.noise_shape, name=layer.name)
        return layer.__class__.from_config(layer.get_config())

    seeded = keras.models.clone_model(model, clone_function=clone)
    seeded.set_weights(model.get_weights())
    return seeded
