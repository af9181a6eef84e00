"""Load Keras models: this project's teachers and students, and others of Keras 2 with the usual layers."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from distill.known_layers import is_buildable, refused_names
from skin_training.weight_files import check_h5, is_bomb
from triage.errors import SkinDistillError, UnusableInput

if TYPE_CHECKING:
    import tf_keras as keras

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
MAX_BYTES = {CONFIG: 1 << 25, METADATA: 1 << 20, WEIGHTS: 1 << 33}
"""Largest size of each part: a hundred times what the largest teacher has."""
MAX_REASON = 200
"""Characters of another library's error that are shown; Keras quotes whole configs."""


def load_model(path: str | Path, any_outputs: bool = False) -> "keras.Model":
    """Load a .keras model that takes one photo.

    Nothing that the file names is imported or called unless it is on the list of `distill.known_layers`. Weights are
    unpacked first: Keras seeks back and forth inside the archive, which takes minutes for many layers.

    Args:
        path: a file that `Model.save` of Keras 2 wrote.
        any_outputs: also accept a model without the project's two outputs.

    Returns:
        The model, not compiled: [batch, size, size, 3] to [`diagnosis`, `lighting`].

    Raises:
        UnusableInput: no such file, not such a model, or one that names something else.
    """
    try:
        with ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            config = _read_config(archive, path)
            weights = Path(folder) / WEIGHTS
            with _open_part(archive, WEIGHTS) as packed, open(weights, "wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
            check_h5(weights)
            model = _build(config, weights)
    except SkinDistillError:
        raise
    except FileNotFoundError as error:
        raise UnusableInput(f"The model file does not exist. Received: {path}.") from error
    except Exception as error:  # anything: Keras does not check what it builds
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnusableInput(
            f"This is not a Keras 2 model that can be read. Received: {path}: {reason[:MAX_REASON]}. Give a .keras "
            "file of skin-distill; if an older version wrote it, train the run again."
        ) from error
    _check_shapes(model, path, any_outputs)
    return model


def _check_shapes(model: "keras.Model", path: str | Path, any_outputs: bool) -> None:
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[1] != shape[2] or shape[3] != 3 or not shape[1]:
        raise UnusableInput(
            f"The model must take one square RGB photo of a fixed size, (None, size, size, 3). Received: {shape} in "
            f"{path}. Save it with such an input."
        )
    if not any_outputs:
        found = model.output_shape
        if not isinstance(found, list) or len(found) != 2 or len(found[0]) != 2 or tuple(found[1]) != (None, 1):
            raise UnusableInput(
                "The model must have two outputs, diagnosis (None, classes) and lighting (None, 1). Received: "
                f"{found} in {path}. Give a teacher or student of skin-distill."
            )


def _read_config(archive: ZipFile, path: str | Path) -> Any:
    config: Any = json.loads(_open_part(archive, CONFIG).read())
    found = json.loads(_open_part(archive, METADATA).read()) if METADATA in archive.namelist() else {}
    if str(found.get("keras_version", "")).startswith("3"):
        raise UnusableInput(
            f"This is a Keras 3 file; skin-distill reads its own (Keras 2) files. Received: {path}. "
            "Export the model as .tflite to benchmark it."
        )
    config["compile_config"] = None
    if refused := refused_names(config, _registered(json.dumps(config))):
        raise UnusableInput(
            f"The model names what skin-distill does not load, as it could run any code. Received: "
            f"{', '.join(refused[:3])} in {path}. Use Keras' own layers for pictures, or export the model as .tflite."
        )
    if not is_buildable(config):
        raise ValueError("its layers wait for each other")
    return config


def _open_part(archive: ZipFile, name: str) -> Any:
    entry = archive.getinfo(name)
    if entry.file_size > MAX_BYTES[name] or is_bomb(entry.compress_size, entry.file_size):
        raise ValueError(f"{name} would unpack to {entry.file_size} bytes")
    return archive.open(entry)


def _registered(text: str) -> list[str]:
    """Names of this project's layers, those of plugged-in backbones, and their library's if the model has some."""
    import tf_keras as keras

    # Importing these modules registers the project's layers.
    import distill.backbones  # noqa: F401
    import skin_training.color_calibration
    import skin_training.heads  # noqa: F401
    from teacher.backbones import BACKBONES

    for package, import_library in filter(None, (backbone.library for backbone in BACKBONES.values())):
        if package in text:
            import_library()
    known = keras.saving.get_custom_objects()
    return [name for name, made in known.items() if isinstance(made, type) and issubclass(made, keras.layers.Layer)]


def _build(config: Any, weights: Path) -> "keras.Model":
    import tf_keras as keras

    model: keras.Model = keras.saving.deserialize_keras_object(config)
    if not isinstance(model, keras.Model):
        raise ValueError("its config.json does not describe a model")
    model.load_weights(weights)
    return model
