"""The two heads of every model: diagnosis and lighting."""

import math

import tensorflow as tf
import tf_keras as keras

from skin_training.dropout import SeededDropout
from skin_training.light_grid import GRID_LAYER_NAME, light_code
from skin_training.light_grid import LAYERS as GRID_LAYERS
from triage.lighting import FEATURE_NAMES

HEAD_UNITS, LIGHT_UNITS = 128, 32
MEASURES = "lighting_measures"
"""Layer that estimates the features of `triage.lighting`, an intermediate result of the lighting logit."""
OUTPUTS = ("diagnosis", "lighting")
LAST_LAYER = "diagnosis_logits"
HEAD_LAYERS = (
    "diagnosis_hidden",
    "diagnosis_logits",
    *GRID_LAYERS,
    MEASURES,
    "lighting_hidden",
    "lighting_joined",
    "lighting_logit",
)


def add_heads(image: tf.Tensor, features: tf.Tensor, class_count: int, dropout: float) -> dict[str, tf.Tensor]:
    """Add the diagnosis and the lighting head to pooled features.

    Each head is Dense(128, ReLU), dropout, Dense; logits are separate layers, which distillation reads before the
    softmax. The lighting head also sees a coarse grid of the photo's light (`skin_training.light_grid`) and estimates
    from it the features that `triage.lighting` measures: the label follows from them, so they are a richer target than
    the label alone. Another Dense(32, ReLU) joins all of these.

    Args:
        image: Keras tensor float32 [batch, size, size, 3] in [0, 1], the calibrated photo.
        features: Keras tensor float32 [batch, channels].
        class_count: number of diagnoses.
        dropout: rate before and inside the heads.

    Returns:
        `diagnosis`: float32 [batch, class_count], softmax; `lighting`: float32 [batch, 1], the probability that the
        photo is well lit.
    """
    features = SeededDropout(dropout, name="features_dropout")(features)
    outputs = {}
    for name, units, logits_name, activation in (
        ("diagnosis", class_count, "diagnosis_logits", "softmax"),
        ("lighting", 1, "lighting_logit", "sigmoid"),
    ):
        x = keras.layers.Dense(HEAD_UNITS, activation="relu", name=f"{name}_hidden")(features)
        if name == "lighting":
            code = light_code(image)
            measures = keras.layers.Dense(len(FEATURE_NAMES), name=MEASURES)(code)
            x = keras.layers.Concatenate(name="lighting_seen")([x, code, measures])
            x = keras.layers.Dense(LIGHT_UNITS, activation="relu", name="lighting_joined")(x)
        x = SeededDropout(dropout, name=f"{name}_dropout")(x)
        x = keras.layers.Dense(units, name=logits_name)(x)
        outputs[name] = keras.layers.Activation(activation, name=name)(x)
    return outputs


def has_external_layer(model: keras.Model) -> bool:
    """Whether a layer is computed outside TensorFlow: without gradient or feature map, and not to be converted."""
    layers = [inner for layer in model.layers for inner in getattr(layer, "layers", [layer])]
    return any(getattr(layer, "external", False) for layer in layers)


def logits_model(model: keras.Model) -> keras.Model:
    """Return a model on the same layers: image to diagnosis logits [batch, classes] and lighting logit [batch, 1]."""
    return keras.Model(
        model.input, [model.get_layer("diagnosis_logits").output, model.get_layer("lighting_logit").output]
    )


def trained_model(model: keras.Model) -> keras.Model:
    """Return a model on the same layers with the outputs that are trained against labels.

    They are those of `logits_model` and measures of the light [batch, 14] (`skin_data.batches.light_targets`).
    """
    return keras.Model(model.input, [*logits_model(model).outputs, model.get_layer(MEASURES).output])


def before_heads(model: keras.Model) -> keras.Model:
    """Return the part of a teacher or student in front of the heads, on the same layers.

    From `image` float32 [batch, size, size, 3] to float32 [batch, channels + cells]: pooled features, then the light
    grid, flattened.
    """
    grid = keras.layers.Flatten()(model.get_layer(GRID_LAYER_NAME).output)
    return keras.Model(model.input, keras.layers.Concatenate()([model.get_layer("features").output, grid]))


def after_features(model: keras.Model) -> keras.Model:
    """Return the heads of a teacher or student, on the same layers.

    From pooled features float32 [batch, channels] and light grid float32 [batch, h, w, 33] to the outputs of
    `trained_model`.
    """
    seen = [model.get_layer(name).output for name in ("features", GRID_LAYER_NAME)]
    return keras.Model(seen, trained_model(model).outputs)


def heads_alone(model: keras.Model) -> keras.Model:
    """Return the heads on the same layers, from the output of `before_heads`: float32 [batch, channels + cells]."""
    channels = model.get_layer("features").output_shape[-1]
    grid_shape = model.get_layer(GRID_LAYER_NAME).output_shape[1:]
    seen = keras.Input((channels + math.prod(grid_shape),))
    grid = keras.layers.Reshape(grid_shape)(seen[:, channels:])
    return keras.Model(seen, after_features(model)([seen[:, :channels], grid]))
