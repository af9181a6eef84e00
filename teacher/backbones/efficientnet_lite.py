"""EfficientNet-Lite 0 to 4: EfficientNet without squeeze-excite and with ReLU6, which loses little when quantized.

Tan and Le 2019 (EfficientNet), Liu 2020 (the Lite variants, tensorflow/tpu): stem, head and the repeats of the first
and last stage are not scaled. Layers are named `stem_conv`, `block0_dw_conv`, ..., `head_bn`.
"""

import math
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tf_keras as keras

from teacher.backbones.backbone import Backbone, load_h5
from teacher.backbones.preprocessing import BackbonePreprocessing
from triage.errors import UnusableInput

SCALES = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260), 3: (1.2, 1.4, 280), 4: (1.4, 1.8, 300)}
"""Width, depth and the input side of the published weights by variant."""
STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
EPSILON, MOMENTUM = 1e-3, 0.99
CHANNEL_MULTIPLE = 8
NO_DOWNLOAD = (
    "EfficientNet-Lite is not part of keras.applications: its weights cannot be downloaded. Convert the published "
    "checkpoint to .npz (layout: teacher.backbones.efficientnet_lite.load_npz_weights) and give the file"
)
"""Beginning of an error; its next words are "with --weights"."""


class Stage(NamedTuple):
    """A row of table 1 of Tan and Le 2019: `repeats` blocks, the first of them with the stride."""

    kernel: int
    repeats: int
    channels: int
    expansion: int
    stride: int


STAGES = (
    Stage(3, 1, 16, 1, 1),
    Stage(3, 2, 24, 6, 2),
    Stage(5, 2, 40, 6, 2),
    Stage(3, 3, 80, 6, 2),
    Stage(5, 3, 112, 6, 1),
    Stage(5, 4, 192, 6, 2),
    Stage(3, 1, 320, 6, 1),
)


def efficientnet_lite(variant: int, include_top: bool, weights: None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build a backbone.

    Args:
        variant: 0 to 4.
        include_top: must be False.
        weights: must be None; `load_npz_weights` loads a file.
        input_shape: (side, side, 3).

    Returns:
        A model from images in [-1, 1] (published: (x - 127) / 128 of [0, 255]) to float32 [batch, h, w, 1280].

    Raises:
        ValueError: `include_top` or `weights` is set.
    """
    if include_top or weights:
        raise ValueError(NO_DOWNLOAD)
    image = keras.Input(input_shape)
    return keras.Model(image, feature_map(image, variant), name=f"efficientnet_lite{variant}")


def feature_map(image: tf.Tensor, variant: int) -> tf.Tensor:
    """Apply the network's layers, without its classifier.

    Args:
        image: Keras tensor float32 [batch, size, size, 3] with values in [-1, 1].
        variant: 0 to 4.

    Returns:
        Keras tensor float32 [batch, size / 32, size / 32, 1280] (before pooling).
    """
    x = _convolved(image, STEM_CHANNELS, 3, 2, "stem")
    for number, (stage, channels, stride) in enumerate(_blocks(variant)):
        x = _block(x, stage, channels, stride, f"block{number}")
    return _convolved(x, HEAD_CHANNELS, 1, 1, "head")


def load_npz_weights(model: keras.Model, path: str | Path) -> None:
    """Load weights stored as arrays `<index>|<layer>|<weight>`, such as `000|stem_conv|kernel`, `001|stem_bn|gamma`.

    The index is any number. Layers are named as in `efficientnet_lite`, weights as in Keras (`kernel`, `gamma`, `beta`,
    `moving_mean`, `moving_variance`), without a classifier. Kernels are [height, width, in, out], those of depthwise
    convolutions [height, width, channels, 1].

    Args:
        model: of `efficientnet_lite`.
        path: of the .npz file.

    Raises:
        UnusableInput: not such an archive, or its layers are those of another variant.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name.split("|", 1)[1]: stored[name] for name in stored.files}
    except (OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise UnusableInput(f"This is not an .npz archive of layers' weights. Received: {path}: {error}") from error
    target = {f"{layer.name}|{_plain_name(w.name)}": w for layer in model.layers for w in layer.weights}
    wrong = sorted(set(target) ^ set(arrays))
    wrong += [name for name in set(target) & set(arrays) if tuple(target[name].shape) != arrays[name].shape]
    if wrong:
        raise UnusableInput(
            f"These weights do not fit {model.name}. Received: {path}: {len(wrong)} of {len(target)} differ, such as "
            f"{', '.join(wrong[:3])}."
        )
    for name, variable in target.items():
        variable.assign(arrays[name])


def _blocks(variant: int) -> Iterator[tuple[Stage, int, int]]:
    width, depth, _ = SCALES[variant]
    for stage in STAGES:
        fixed = stage is STAGES[0] or stage is STAGES[-1]
        repeats = stage.repeats if fixed else math.ceil(stage.repeats * depth)
        for number in range(repeats):
            yield stage, _scaled(stage.channels, width), 1 if number else stage.stride


def _scaled(channels: int, width: float) -> int:
    """Return scaled channels, rounded to a multiple of 8, at most 10 % down."""
    exact = channels * width
    rounded = max(CHANNEL_MULTIPLE, int(exact + CHANNEL_MULTIPLE / 2) // CHANNEL_MULTIPLE * CHANNEL_MULTIPLE)
    return rounded + CHANNEL_MULTIPLE if rounded < 0.9 * exact else rounded


def _block(x: tf.Tensor, stage: Stage, channels: int, stride: int, name: str) -> tf.Tensor:
    inputs, width = x, x.shape[-1]
    if stage.expansion > 1:
        x = _convolved(x, width * stage.expansion, 1, 1, f"{name}_expand")
    x = keras.layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False, name=f"{name}_dw_conv")(x)
    x = keras.layers.ReLU(6.0, name=f"{name}_dw_relu")(_normalised(x, f"{name}_dw"))
    x = _convolved(x, channels, 1, 1, f"{name}_project", active=False)
    return keras.layers.Add(name=f"{name}_add")([inputs, x]) if stride == 1 and width == channels else x


def _convolved(x: tf.Tensor, channels: int, kernel: int, stride: int, name: str, active: bool = True) -> tf.Tensor:
    x = keras.layers.Conv2D(
        channels, kernel, stride, "same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv"
    )(x)
    x = _normalised(x, name)
    return keras.layers.ReLU(6.0, name=f"{name}_relu")(x) if active else x


def _normalised(x: tf.Tensor, name: str) -> tf.Tensor:
    return keras.layers.BatchNormalization(momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_bn")(x)


def _plain_name(variable: str) -> str:
    """`kernel` of `stem_conv/kernel:0`; depthwise kernels count as kernels."""
    return variable.split(":")[0].rsplit("/", 1)[-1].replace("depthwise_kernel", "kernel")


def _load_weights(model: keras.Model, path: str) -> None:
    (load_npz_weights if Path(path).suffix == ".npz" else load_h5)(model, path)


EFFICIENTNET_LITE = {
    f"efficientnet_lite{variant}": Backbone(
        partial(efficientnet_lite, variant),
        partial(BackbonePreprocessing, "lite"),
        side,
        load_weights=_load_weights,
        no_download=NO_DOWNLOAD,
    )
    for variant, (_, _, side) in SCALES.items()
}
"""Backbones by name."""
