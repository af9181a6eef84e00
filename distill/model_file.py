"""Load the Keras models of this project, teachers and students alike."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from triage.errors import UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras


def load_model(path: str | Path) -> "keras.Model":
    """Load a .keras model with this project's own layers.

    Weights are unpacked first: Keras seeks back and forth inside the archive, which takes minutes for many layers.

    Args:
        path: a file that `Model.save` wrote.

    Returns:
        The model, not compiled.

    Raises:
        UnusableInput: no such file, or not such a model.
    """
    import tf_keras as keras

    # Importing these modules registers the project's layers.
    import distill.backbones  # noqa: F401
    import skin_training.color_calibration
    import skin_training.heads  # noqa: F401
    from teacher.backbones import BACKBONES

    try:
        with ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            text = archive.read("config.json").decode()
            for library in filter(None, (backbone.library for backbone in BACKBONES.values())):
                package, import_library = library
                if package in text:
                    import_library()
            config = json.loads(text)
            config["compile_config"] = None
            model: keras.Model = keras.saving.deserialize_keras_object(config)
            if not isinstance(model, keras.Model):
                raise ValueError("its config.json does not describe a model")
            model.load_weights(archive.extract("model.weights.h5", folder))
    except (OSError, KeyError, ValueError, TypeError, BadZipFile) as error:
        raise UnusableInput(
            f"This is not a model of this version of skin-distill. Received: {path}: {error}. Train the run again, or "
            "read it with the version that made it."
        ) from error
    return model
