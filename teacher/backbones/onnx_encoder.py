"""Any image encoder in an ONNX file, as a frozen backbone."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_training.recipe import from_mapping, to_mapping
from teacher.backbones.backbone import Backbone
from teacher.backbones.preprocessing import BackbonePreprocessing
from teacher.external.description import ModelDescription, read_description
from teacher.external.onnx_model import OnnxModel
from triage.errors import UnusableInput


@keras.saving.register_keras_serializable("skin_distill")
class OnnxEncoder(keras.layers.Layer):
    """Run an ONNX encoder, which has no gradient.

    Args:
        path: of the ONNX file, which a saved model still needs.
        sha256: of the file.
        channels: of its features.
        description: of its pixels, as `to_mapping` gives it.

    Input: float32 [batch, size, size, 3] in [0, 1]. Output: float32 [batch, 1, 1, channels]: the encoder's vector, the
    first (class) token of its tokens [batch, tokens, channels], or the mean of its feature map.
    """

    external = True  # see `skin_training.heads.has_external_layer`

    def __init__(self, path: str, sha256: str, channels: int, description: dict[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.path, self.sha256, self.channels = path, sha256, channels
        self._description = json.dumps(description)  # Keras wraps a dictionary, which JSON then cannot write
        self._model: OnnxModel | None = None

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Open the file, and keep its hash among the weights: whatever is cached by weights then depends on it."""
        self._model = OnnxModel(
            Path(self.path), from_mapping(ModelDescription, json.loads(self._description), self.path)
        )
        if self._model.sha256 != self.sha256:
            raise UnusableInput(f"The encoder is not the one that the teacher was trained with. Received: {self.path}.")
        digest = np.frombuffer(bytes.fromhex(self.sha256[:64]), np.uint8).astype(np.float32)
        initializer = keras.initializers.Constant(digest.tolist())
        self.add_weight(name="sha256", shape=digest.shape, initializer=initializer, trainable=False)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the features."""
        found = tf.numpy_function(self._run, [tf.cast(inputs, tf.float32)], tf.float32, stateful=False)
        found = tf.ensure_shape(found, (None, 1, 1, self.channels))
        return tf.cast(tf.stop_gradient(found), self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return (batch, 1, 1, channels)."""
        return (input_shape[0], 1, 1, self.channels)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {name: getattr(self, name) for name in ("path", "sha256", "channels")}
        return {**super().get_config(), **own, "description": json.loads(self._description)}

    def _run(self, images: np.ndarray) -> np.ndarray:
        assert self._model is not None
        return features_of(self._model, images)


def features_of(model: OnnxModel, images: np.ndarray) -> np.ndarray:
    """Return an encoder's features, float32 [n, 1, 1, channels], for float32 [n, size, size, 3] in [0, 1].

    Raises:
        UnusableInput: no such output, or features of another shape, NaN or inf.
    """
    outputs, name = model.run(images), model.description.features
    if (not name and len(outputs) > 1) or (name and name not in outputs):
        raise UnusableInput(
            f"The encoder needs one output with features. Received: {model.path} with {', '.join(outputs)}, features "
            f"{name!r}. Name it as `features` in the YAML beside it."
        )
    found = outputs[name] if name else next(iter(outputs.values()))
    if found.ndim == 4:
        found = found.mean(axis=(2, 3) if model.layout == "nchw" else (1, 2))
    elif found.ndim == 3:
        found = found[:, 0]
    if found.ndim != 2 or not np.isfinite(found).all():
        raise UnusableInput(
            "Features must be finite, and a vector, tokens or a map for each photo. Received: "
            f"{list(found.shape)} of {model.path}."
        )
    return np.ascontiguousarray(found[:, None, None, :], np.float32)


def build_encoder(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build a network of one layer from an ONNX file and the YAML file beside it.

    Raises:
        UnusableInput: no file is given, it cannot be used, or it takes photos of another size.
    """
    if weights in (None, "none", "imagenet"):
        raise UnusableInput("backbone: onnx needs an ONNX file. Received: none. Give it as the recipe's weights.")
    path = Path(str(weights))
    description = read_description(path, ModelDescription)
    model = OnnxModel(path, description)
    if model.size != input_shape[0]:
        raise UnusableInput(
            f"The encoder takes photos of {model.size} px. Received: input_size {input_shape[0]}. Set "
            f"teacher.input_size to {model.size}."
        )
    channels = features_of(model, np.zeros((1, *input_shape), np.float32)).shape[-1]
    image = keras.Input(input_shape)
    layer = OnnxEncoder(str(path), model.sha256, channels, to_mapping(description), name="encoder")
    return keras.Model(image, layer(image), name="onnx")


ONNX_ENCODER = Backbone(
    build_encoder,
    partial(BackbonePreprocessing, "unit"),
    smallest=1,
    top=0.0,
    frozen=True,
    terms=lambda weights: read_description(Path(weights), ModelDescription).terms,
)
