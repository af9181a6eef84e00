"""The teacher's backbones: one table entry each."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from skin_training.dropout import with_seeded_dropout
from teacher.efficientnet_lite import SCALES, VARIANTS, load_npz_weights
from teacher.maxvit import maxvit_tiny
from triage.errors import UnusableInput

log = logging.getLogger("skin_distill")

MODES = ("unit", "symmetric", "lite", "bytes", "caffe", "torch")


@keras.saving.register_keras_serializable("skin_distill")
class BackbonePreprocessing(keras.layers.Layer):
    """Turn sRGB in [0, 1] into what a backbone's weights expect.

    Args:
        mode: `unit` (as it is), `symmetric` (2x - 1), `lite` ((255x - 127) / 128), `bytes` (255x), `caffe` (BGR, 255x
            less ImageNet's mean) or `torch` (less ImageNet's mean, over its standard deviation).
    """

    CAFFE_MEAN = (103.939, 116.779, 123.68)  # ImageNet's BGR mean (Simonyan and Zisserman 2014)
    TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def __init__(self, mode: str, **kwargs: Any):
        super().__init__(**kwargs)
        if mode not in MODES:
            raise ValueError(f"mode is one of {', '.join(MODES)}. Received: {mode!r}")
        self.mode = mode

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return a tensor of the input's shape."""
        if self.mode == "symmetric":
            return inputs * 2.0 - 1.0
        if self.mode == "lite":
            return inputs * (255.0 / 128.0) - 127.0 / 128.0
        if self.mode == "bytes":
            return inputs * 255.0
        if self.mode == "caffe":
            return tf.reverse(inputs, axis=[-1]) * 255.0 - tf.constant(self.CAFFE_MEAN, inputs.dtype)
        if self.mode == "torch":
            mean, deviation = (tf.constant(c, inputs.dtype) for c in (self.TORCH_MEAN, self.TORCH_DEVIATION))
            return (inputs - mean) / deviation
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mode": self.mode}


def resnet10(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build a small pre-activation residual network (He et al. 2016) for demonstrations and tests.

    Four stages of one basic block with 32, 64, 128 and 256 channels: 1.2 million weights, quick to train from scratch.
    It has no published weights.
    """
    if include_top or weights:
        raise ValueError(f"resnet10 has neither a classifier nor published weights. Received: {weights!r}")

    def normalise(x: Any) -> Any:
        return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))

    def convolve(x: Any, filters: int, kernel: int, stride: int) -> Any:
        return keras.layers.Conv2D(filters, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal")(x)

    image = keras.Input(input_shape)
    x = convolve(image, 32, 5, 2)
    for stage, filters in enumerate((32, 64, 128, 256)):
        stride = 2 if stage else 1
        active = normalise(x)
        shortcut = convolve(active, filters, 1, stride) if stride > 1 else x
        x = convolve(normalise(convolve(active, filters, 3, stride)), filters, 3, 1)
        x = keras.layers.Add()([x, shortcut])
    return keras.Model(image, normalise(x), name="resnet10")


def _efficientnet(build: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """EfficientNet-B of the same layers however its weights arrive.

    keras.applications adds a layer without weights where it loads ImageNet's itself, and leaves it out for a file of
    them; `_divide_by_deviation` does its work in the weights.
    """

    def built(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
        model = build(include_top=include_top, weights=None, input_shape=input_shape)
        if weights:
            policy = keras.mixed_precision.global_policy()
            keras.mixed_precision.set_global_policy("float32")  # that layer takes no other
            try:
                donor = build(include_top=include_top, weights=weights, input_shape=input_shape)
            finally:
                keras.mixed_precision.set_global_policy(policy)
            model.set_weights(donor.get_weights())
        return model

    return built


def _divide_by_deviation(model: keras.Model) -> None:
    """Let published EfficientNet-B weights see what they were trained on: (x - mean) / deviation.

    They hold the deviation where Keras expects its square (tensorflow/tensorflow#49930).
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            mean, variance, count = layer.get_weights()
            if np.allclose(variance, BackbonePreprocessing.TORCH_DEVIATION, atol=1e-3):
                layer.set_weights([mean, np.square(variance), count])


class Backbone(NamedTuple):
    """How one backbone is built.

    Attributes:
        build: `(include_top, weights, input_shape) -> keras.Model`.
        preprocessing: mode of `BackbonePreprocessing`.
        input_size: the side that the published weights were trained at, in pixels.
        smallest: the smallest input side it takes.
        top: share of its layers, from the output down, that a phase with `trains: top` trains.
    """

    build: Callable[..., keras.Model]
    preprocessing: str
    input_size: int = 224
    smallest: int = 32
    top: float = 0.4


_APPLICATIONS = keras.applications
# The MobileNetV3 and EfficientNet builders rescale from [0, 255] themselves.
BACKBONES: dict[str, Backbone] = {
    "resnet152v2": Backbone(_APPLICATIONS.ResNet152V2, "symmetric"),
    "resnet50v2": Backbone(_APPLICATIONS.ResNet50V2, "symmetric"),
    "resnet50": Backbone(_APPLICATIONS.ResNet50, "caffe"),
    "mobilenetv2": Backbone(_APPLICATIONS.MobileNetV2, "symmetric"),
    "mobilenetv3small": Backbone(_APPLICATIONS.MobileNetV3Small, "bytes"),
    "mobilenetv3large": Backbone(_APPLICATIONS.MobileNetV3Large, "bytes"),
    **{
        f"efficientnetb{n}": Backbone(_efficientnet(getattr(_APPLICATIONS, f"EfficientNetB{n}")), "bytes", side)
        for n, side in enumerate((224, 240, 260, 300, 380, 456, 528, 600))
    },
    **{
        name: Backbone(build, "lite", side)
        for (name, build), (_, _, side) in zip(VARIANTS.items(), SCALES.values(), strict=True)
    },
    "xception": Backbone(_APPLICATIONS.Xception, "symmetric", 299, smallest=71),
    "maxvit": Backbone(maxvit_tiny, "torch"),
    "resnet10": Backbone(resnet10, "symmetric"),
}


def build_backbone(name: str, size: int, weights: str, batch_norm_momentum: float | None) -> keras.Model:
    """Build a backbone and load its weights.

    Args:
        name: a key of `BACKBONES`.
        size: input side in pixels.
        weights: "imagenet" (downloaded by keras.applications), "none", an .h5 file of the same backbone saved with
            `include_top=False`, or an .npz file of an EfficientNet-Lite.
        batch_norm_momentum: replaces the backbone's own when given.

    Returns:
        A model named `backbone`: float32 [batch, size, size, 3] to a feature map. Its `top_share` is the table's.

    Raises:
        UnusableInput: an unknown name, too small an input, or weights that cannot be had.
    """
    if name not in BACKBONES:
        raise UnusableInput(f"Unknown backbone. Received: {name!r}. Known: {', '.join(BACKBONES)}.")
    entry = BACKBONES[name]
    if weights != "none" and size != entry.input_size:
        log.info("%s: its published weights are for %d px; this recipe shows it %d px", name, entry.input_size, size)
    if size < entry.smallest:
        raise UnusableInput(f"{name} needs an input of at least {entry.smallest} px. Received: {size}.")
    try:
        model = entry.build(
            include_top=False, weights="imagenet" if weights == "imagenet" else None, input_shape=(size, size, 3)
        )
    except UnusableInput:
        raise
    except Exception as error:
        if weights != "imagenet":
            raise
        if name in VARIANTS:
            raise UnusableInput(f"{name}: {error} with --weights, or start untrained with --weights none.") from error
        raise UnusableInput(
            f"ImageNet weights for {name} could not be had ({error}). On a machine that is online, run: python -c "
            f"\"from teacher.backbones import build_backbone as b; b('{name}', {size}, 'imagenet', None)"
            f".save_weights('{name}.h5')\"; then give --weights {name}.h5 here. With --weights none it starts "
            "untrained."
        ) from error
    if weights not in ("imagenet", "none"):
        if not Path(weights).is_file():
            raise UnusableInput(f"No such weight file. Received: {weights}. Give imagenet, none or a file.")
        try:
            if Path(weights).suffix == ".npz":
                load_npz_weights(model, weights)
            else:
                model.load_weights(weights)
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise UnusableInput(f"These weights do not fit {name}. Received: {weights}: {error}") from error
    _divide_by_deviation(model)
    model = with_seeded_dropout(model)
    model._name, model.top_share = "backbone", entry.top
    if batch_norm_momentum is not None:
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = batch_norm_momentum
    return model
