"""Predict in an environment with Google's MediaPipe: its Tasks ImageClassifier, and the metadata that it reads.

    python mediapipe_tasks.py MODEL PHOTOS.npy PREDICTIONS.npz

Needs mediapipe alone. PREDICTIONS.npz also holds `metadata`, the file's TFLite Metadata as JSON, and the labels.
"""

import json
import sys
from importlib.metadata import version
from typing import Any

import mediapipe
import numpy as np
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata_schema
from mediapipe.tasks.metadata import schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions, vision


def main() -> None:
    """Write the predictions; MediaPipe's error goes to stderr, with exit code 2."""
    model_path, photos_path, predictions_path = sys.argv[1:]
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model_path), max_results=-1)
    scores: dict[str, list[np.ndarray]] = {}
    labels: dict[str, list[str]] = {}
    try:
        with vision.ImageClassifier.create_from_options(options) as classifier:
            for pixels in np.load(photos_path):
                image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(pixels))
                for head in classifier.classify(image).classifications:
                    categories = sorted(head.categories, key=lambda category: category.index)
                    scores.setdefault(head.head_name, []).append(np.array([c.score for c in categories], np.float32))
                    labels[head.head_name] = [category.category_name for category in categories]
    except (RuntimeError, ValueError) as error:
        print(f"MediaPipe cannot use the file. Received: {error}", file=sys.stderr)
        sys.exit(2)
    arrays: dict[str, Any] = {name: np.stack(values) for name, values in scores.items()}
    np.savez(
        predictions_path,
        runtime=f"mediapipe {version('mediapipe')}",
        labels=json.dumps(labels),
        metadata=json.dumps(_read_metadata(model_path)),
        **arrays,
    )


def _read_metadata(path: str) -> Any:
    with open(path, "rb") as file:
        model = schema.Model.GetRootAs(file.read())
    for number in range(model.MetadataLength()):
        entry = model.Metadata(number)
        if entry.Name() == b"TFLITE_METADATA":
            buffer = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            read = metadata_schema.ModelMetadataT.InitFromObj(metadata_schema.ModelMetadata.GetRootAs(buffer))
            return {**_plain(read), "identifier": buffer[4:8].decode("ascii")}
    return None


def _plain(value: Any) -> Any:
    """Turn tables into dictionaries without unset fields."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, (list, np.ndarray)):
        return [_plain(part) for part in value]
    if hasattr(value, "__dict__"):
        return {name: _plain(part) for name, part in vars(value).items() if part is not None}
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    main()
