"""A model's layers, weights included, for photos of another size."""

from collections.abc import Iterable

import tf_keras as keras

from triage.errors import UnusableInput


def at_sizes(model: keras.Model, sides: Iterable[int]) -> dict[int, keras.Model]:
    """Return a model by input side, its own and others, all on the same layers (`at_size`)."""
    return {side: at_size(model, side) for side in (model.input_shape[1], *sides)}


def at_size(model: keras.Model, side: int) -> keras.Model:
    """Return a model on the same layers whose `image` is [batch, side, side, 3]; `model` itself for its own size.

    Training the one trains the other: no weight of a convolutional network depends on the size of its input.

    Raises:
        UnusableInput: a layer depends on the size.
    """
    if model.input_shape[1] == side:
        return model

    def share(layer: keras.layers.Layer) -> keras.layers.Layer:
        if not isinstance(layer, keras.Model):
            return layer
        if layer.input_shape[1:] != model.input_shape[1:]:
            raise ValueError(f"{layer.name} has the input {layer.input_shape}")
        return at_size(layer, side)

    try:
        return keras.models.clone_model(model, keras.Input((side, side, 3), name="image"), clone_function=share)
    except ValueError as error:
        raise UnusableInput(
            f"This model cannot see photos of {side} px with the weights for {model.input_shape[1]} px: "
            f"{str(error).strip()}. Leave out input_sizes, or choose another backbone."
        ) from error
