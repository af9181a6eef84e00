"""The teacher's answers on every view of every training photo, computed once and kept.

A view is a pure function of its numbers (see `teacher.views`), so only logits are stored: the student is shown the
very pixels that the teacher answered for (stored views: Shen and Xing 2022; consistent teaching: Beyer et al. 2022).
"""

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from teacher.data.batches import TrainingSet
from teacher.predict import Progress, no_progress
from teacher.views import ViewRecipe, apply_views, draw_views
from triage.atomic import replacing
from triage.errors import UnusableInput


class TeacherAnswers(NamedTuple):
    """Logits of the teacher.

    Attributes:
        diagnosis: float32 [photos, views, classes].
        lighting: float32 [photos, views].
    """

    diagnosis: np.ndarray
    lighting: np.ndarray


def store_answers(
    teacher: Any,
    training: TrainingSet,
    recipe: ViewRecipe,
    seed: int,
    views: int,
    folder: Path,
    key: Any,
    batch_size: int = 64,
    progress: Progress = no_progress,
) -> TeacherAnswers:
    """Compute what is missing of the store and return all of it.

    One file holds one view of all photos and appears whole, so a kill loses at most the view under way.

    Args:
        teacher: a Keras teacher.
        training: the split; its pixels have the teacher's input size.
        recipe: the ranges of the views.
        seed: of the views.
        views: views of each photo.
        folder: of the store.
        key: JSON-able; names teacher, data and recipe. Another key has another store.
        batch_size: photos at once.
        progress: called as `progress("teacher's answers", done, total)`.

    Raises:
        UnusableInput: a file of the store is damaged.
    """
    from teacher.heads import logits_model

    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
    forward = _view_forward(logits_model(teacher), training.pixels.shape[1])
    parts = []
    for view in range(views):
        path = Path(folder) / f"view-{digest[:16]}-{view:03d}.npz"
        if not path.is_file():
            diagnosis, lighting = [], []
            for start in range(0, len(training), batch_size):
                ids = training.image_ids[start : start + batch_size]
                photos = np.asarray(training.pixels[start : start + batch_size])
                pixels, parameters, _ = draw_views(photos, recipe, seed, ids, np.full(len(ids), view))
                logits = forward(pixels, parameters)
                diagnosis.append(logits[0].numpy())
                lighting.append(logits[1].numpy()[:, 0])
                progress("teacher's answers", view * len(training) + start + len(ids), views * len(training))
            part = {"diagnosis": np.concatenate(diagnosis), "lighting": np.concatenate(lighting)}
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, digest=_digest(part), **part)
        parts.append(_read(path, len(training)))
    return TeacherAnswers(
        np.stack([p["diagnosis"] for p in parts], axis=1), np.stack([p["lighting"] for p in parts], axis=1)
    )


def _view_forward(model: Any, size: int) -> Any:
    import tensorflow as tf

    signature = [tf.TensorSpec((None, size, size, 3), tf.uint8), tf.TensorSpec((None, 9), tf.float32)]

    @tf.function(input_signature=signature)
    def forward(pixels: Any, parameters: Any) -> Any:
        return model(apply_views(pixels, parameters), training=False)

    return forward


def _digest(part: dict[str, np.ndarray]) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(part[k]).tobytes() for k in sorted(part))).hexdigest()


def _read(path: Path, photos: int) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as stored:
            part = {name: stored[name] for name in ("diagnosis", "lighting")}
            whole = str(stored["digest"]) == _digest(part)
    except Exception as error:  # zipfile and numpy raise a handful of types for a damaged archive
        raise UnusableInput(
            f"A file of the teacher's answers is damaged; remove it. Received: {path}: {error}"
        ) from error
    if not whole or len(part["lighting"]) != photos:
        raise UnusableInput(f"A file of the teacher's answers is damaged or stale; remove it. Received: {path}.")
    return part
