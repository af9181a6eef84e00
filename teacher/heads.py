"""The two answers every model of the project gives: what it looks like, and whether the photo is well lit."""

from typing import Any

import tf_keras as keras

from teacher.dropout import SeededDropout

HEAD_UNITS = 128
OUTPUTS = ("diagnosis", "lighting")
HEAD_LAYERS = ("diagnosis_hidden", "diagnosis_logits", "lighting_hidden", "lighting_logit")


def add_heads(features: Any, class_count: int, dropout: float) -> dict[str, Any]:
    """Put the diagnosis and the lighting head on pooled features.

    Each head is Dense(128, ReLU), dropout, Dense; the logits are layers of their own so that distillation can read
    them before the softmax.

    Args:
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
        x = SeededDropout(dropout, name=f"{name}_dropout")(x)
        x = keras.layers.Dense(units, name=logits_name)(x)
        outputs[name] = keras.layers.Activation(activation, name=name)(x)
    return outputs


def logits_model(model: keras.Model) -> keras.Model:
    """Return a model on the same layers that gives (diagnosis logits [batch, classes], lighting logit [batch, 1])."""
    return keras.Model(
        model.input, [model.get_layer("diagnosis_logits").output, model.get_layer("lighting_logit").output]
    )


def heads_on_features(model: keras.Model) -> keras.Model:
    """Return the heads alone, on the same layers.

    Args:
        model: a teacher or student.

    Returns:
        Pooled features float32 [batch, channels] to (diagnosis logits [batch, classes], lighting logit [batch, 1]).
    """
    features = keras.Input(model.get_layer("features").output_shape[1:])
    x = model.get_layer("features_dropout")(features)
    logits = []
    for name, logits_name in zip(OUTPUTS, ("diagnosis_logits", "lighting_logit"), strict=True):
        hidden = model.get_layer(f"{name}_dropout")(model.get_layer(f"{name}_hidden")(x))
        logits.append(model.get_layer(logits_name)(hidden))
    return keras.Model(features, logits)
