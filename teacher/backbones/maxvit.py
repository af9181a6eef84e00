"""MaxViT-T from the optional library keras_cv_attention_models."""

import contextlib
import io
from functools import partial
from typing import Any

import tf_keras as keras

from teacher.backbones.backbone import Backbone
from teacher.backbones.preprocessing import BackbonePreprocessing
from triage.errors import UnusableInput

LIBRARY = "keras_cv_attention_models"
STRIDE = 32  # attention windows divide the feature map only for inputs that are a multiple of it


def maxvit_tiny(include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Build MaxViT-T (Tu et al. 2022, "MaxViT: Multi-Axis Vision Transformer").

    Args:
        include_top: must be False.
        weights: "imagenet" downloads the published ones; None leaves it untrained.
        input_shape: (side, side, 3), the side a multiple of 32.

    Returns:
        A model from images minus ImageNet's mean, divided by its standard deviation, to float32 [batch, side / 32,
        side / 32, 512].

    Raises:
        UnusableInput: the library is not installed or works with another Keras, or the side is not a multiple of 32.
        OSError: the weights cannot be downloaded.
    """
    if include_top:
        raise ValueError("maxvit is built without its classifier")
    if input_shape[0] % STRIDE:
        raise UnusableInput(f"maxvit needs an input side that is a multiple of {STRIDE}. Received: {input_shape[0]}.")
    library = import_library()
    model = library.MaxViT_Tiny(input_shape=input_shape, num_classes=0, pretrained=None)
    if weights is not None:
        from keras_cv_attention_models.beit.beit import MultiHeadRelativePositionalEmbedding
        from keras_cv_attention_models.download_and_load import reload_model_weights

        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):  # it only prints why it failed
            loaded = reload_model_weights(
                model, library.PRETRAINED_DICT, "maxvit", weights, MultiHeadRelativePositionalEmbedding
            )
        if not loaded:
            raise OSError(printed.getvalue().strip() or f"no weights named {weights!r}")
    return model


def import_library() -> Any:
    """Import the library's MaxViT, whose layers a saved model needs as well; UnusableInput where that fails."""
    import tensorflow as tf

    if tf.keras.layers.Layer is not keras.layers.Layer:
        raise UnusableInput(
            "maxvit needs Keras 2 behind tensorflow.keras, but TensorFlow was imported with another one. Set the "
            "environment variable TF_USE_LEGACY_KERAS=1 and start again."
        )
    try:
        from keras_cv_attention_models.maxvit import maxvit
    except ImportError as error:
        raise UnusableInput(
            f"maxvit needs a library that is not installed ({error}). Run: pip install 'skin-distill[maxvit]'."
        ) from error
    return maxvit


MAXVIT = Backbone(maxvit_tiny, partial(BackbonePreprocessing, "torch"), library=(LIBRARY, import_library))
