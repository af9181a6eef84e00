"""Backbones of keras.applications."""

from collections.abc import Callable
from functools import partial

import numpy as np
import tf_keras as keras

from teacher.backbones.backbone import Backbone
from teacher.backbones.preprocessing import TORCH_DEVIATION, BackbonePreprocessing

EFFICIENTNET_SIDES = (224, 240, 260, 300, 380, 456, 528, 600)


def _efficientnet(build: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
    """Return a builder of EfficientNet-B with the same layers wherever its weights come from.

    keras.applications adds a layer without weights when it downloads ImageNet's itself, and leaves it out for a file;
    `_divide_by_deviation` puts its effect into the weights.
    """

    def built(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
        model = build(include_top=include_top, weights=None, input_shape=input_shape)
        if weights:
            policy = keras.mixed_precision.global_policy()
            keras.mixed_precision.set_global_policy("float32")  # the only one that the added layer supports
            try:
                donor = build(include_top=include_top, weights=weights, input_shape=input_shape)
            finally:
                keras.mixed_precision.set_global_policy(policy)
            model.set_weights(donor.get_weights())
        return model

    return built


def _divide_by_deviation(model: keras.Model) -> None:
    """Give published EfficientNet-B weights the input that they were trained on: (x - mean) / deviation.

    They store the deviation where Keras expects the variance (tensorflow/tensorflow#49930).
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.Normalization):
            mean, variance, count = layer.get_weights()
            if np.allclose(variance, TORCH_DEVIATION, atol=1e-3):
                layer.set_weights([mean, np.square(variance), count])


_from = keras.applications
_symmetric, _caffe, _bytes = (partial(BackbonePreprocessing, mode) for mode in ("symmetric", "caffe", "bytes"))
# MobileNetV3 and EfficientNet rescale pixels from [0, 255] themselves.
APPLICATIONS: dict[str, Backbone] = {
    "resnet152v2": Backbone(_from.ResNet152V2, _symmetric),
    "resnet50v2": Backbone(_from.ResNet50V2, _symmetric),
    "resnet50": Backbone(_from.ResNet50, _caffe),
    "mobilenetv2": Backbone(_from.MobileNetV2, _symmetric),
    "mobilenetv3small": Backbone(_from.MobileNetV3Small, _bytes),
    "mobilenetv3large": Backbone(_from.MobileNetV3Large, _bytes),
    "xception": Backbone(_from.Xception, _symmetric, 299, smallest=71),
    **{
        f"efficientnetb{n}": Backbone(
            _efficientnet(getattr(_from, f"EfficientNetB{n}")), _bytes, side, adjust=_divide_by_deviation
        )
        for n, side in enumerate(EFFICIENTNET_SIDES)
    },
}
