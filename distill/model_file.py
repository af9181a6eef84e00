"""Load the Keras models of this project, teachers and students alike."""

import json
import tempfile
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from triage.errors import UnusableInput


def load_model(path: str | Path) -> Any:
    """Load a .keras model with this project's own layers.

    Keras reads the weights inside the archive by seeking to and fro in it, which takes minutes where there are many
    layers; here they are unpacked first.

    Args:
        path: a file that `Model.save` wrote.

    Returns:
        The model, not compiled.

    Raises:
        UnusableInput: no such file, or not such a model.
    """
    import tf_keras as keras

    from distill.mobilenet_v3 import HardSigmoid, HardSwish
    from skin_training.color_calibration import ColorCalibration
    from skin_training.dropout import SeededDropout
    from skin_training.light_grid import LightGrid
    from teacher.backbones import BackbonePreprocessing
    from teacher.maxvit import LIBRARY, import_library

    own = (
        HardSigmoid,
        HardSwish,
        BackbonePreprocessing,
        ColorCalibration,
        LightGrid,
        SeededDropout,
    )
    try:
        with ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            text = archive.read("config.json").decode()
            if LIBRARY in text:
                import_library()
            config = json.loads(text)
            config["compile_config"] = None
            model: Any = keras.saving.deserialize_keras_object(config, {c.__name__: c for c in own})
            if not isinstance(model, keras.Model):
                raise ValueError("its config.json describes none")
            model.load_weights(archive.extract("model.weights.h5", folder))
    except (OSError, KeyError, ValueError, TypeError, BadZipFile) as error:
        raise UnusableInput(
            f"This is not a model of skin-distill as it is now. Received: {path}: {error}. Train the run again, or "
            "read it with the skin-distill that made it."
        ) from error
    return model
