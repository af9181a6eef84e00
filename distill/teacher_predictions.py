"""The teacher's predictions for every view of every training photo, computed once and stored.

A view is a pure function of its numbers (see `skin_data.views`), so logits are enough: the student sees exactly the
pixels that the teacher predicted for (stored views: Shen and Xing 2022; consistent teaching: Beyer et al. 2022).
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, logit, softmax

from distill.teacher_forward import TeacherForward
from skin_data.batches import TrainingSet, photos_of_view
from skin_data.progress import Progress, no_progress
from skin_data.views import ViewRecipe
from skin_training.archives import read_archive
from triage.atomic import remove_abandoned, replacing, sha256_of, write_json
from triage.errors import UnusableInput

HEADS = ("diagnosis", "lighting")
FEATURES = "features"
SMALLEST = 1e-7  # distance of a probability from 0 and 1, so that its logit is finite


class TeacherPredictions(NamedTuple):
    """A teacher's predictions for views.

    Attributes:
        diagnosis: float32 [photos, views, classes], logits.
        lighting: float32 [photos, views], logits; None where the teacher does not predict it.
        features: float16 [photos, channels] of each view, memory-mapped; empty without feature matching.
    """

    diagnosis: np.ndarray
    lighting: np.ndarray | None
    features: list[np.ndarray]

    def of(self, rows: np.ndarray, views: np.ndarray) -> dict[str, np.ndarray]:
        """Return the predictions for some views as arrays of a batch.

        Args:
            rows: int [n], numbers of the photos.
            views: int [n], the view of each.

        Returns:
            `teacher_diagnosis`, and where stored `teacher_lighting` and `teacher_features` float32 [n, channels].
        """
        found = {"teacher_diagnosis": self.diagnosis[rows, views]}
        if self.lighting is not None:
            found["teacher_lighting"] = self.lighting[rows, views]
        if self.features:
            chosen = [self.features[view][row] for row, view in zip(rows, views, strict=True)]
            found["teacher_features"] = np.stack(chosen).astype(np.float32)
        return found


def store_folder(parent: Path, key: Mapping[str, Any]) -> Path:
    """Return the folder of the store with a key, inside the folder of all stores of a teacher."""
    return Path(parent) / _digest_of_key(key)[:16]


def store_predictions(
    forward: TeacherForward,
    training: TrainingSet,
    recipe: ViewRecipe,
    seed: int,
    views: int,
    folder: Path,
    key: Mapping[str, Any],
    mixup: float = 0.0,
    with_features: bool = False,
    rounded: bool = False,
    batch_size: int = 32,
    progress: Progress = no_progress,
    shard: tuple[int, int] = (0, 1),
    wait: Callable[[], None] = lambda: None,
) -> TeacherPredictions:
    """Compute the missing part of a store and return all of it.

    One file holds one view of all photos and appears whole, so a kill loses at most the current view. Several processes
    divide the views among them, and each computes what it does not find afterwards.

    Args:
        forward: the teacher.
        training: the split; its pixels have the teacher's input size.
        recipe: the ranges of the views.
        seed: of the views.
        views: number of views of each photo.
        folder: of this store.
        key: JSON-able; names teacher, data and recipe. It is written into the store and each of its files.
        mixup: alpha of `skin_data.mixup`; the teacher predicts for the blend.
        with_features: also store the pooled features (2 bytes per channel and view).
        rounded: show pixels of 8 bits.
        batch_size: photos at once.
        progress: called as `progress("teacher's predictions", done, total)`.
        shard: number of this process, from 0, and how many there are.
        wait: returns when every process has called it.

    Raises:
        UnusableInput: the store, or a file of it, is damaged or belongs to another key.
    """
    folder, digest = Path(folder), _digest_of_key(key)
    remove_abandoned(folder)
    _check_key(folder / "store.json", key)
    total, parts, features = views * len(training), [], []

    def files(view: int) -> tuple[Path, Path]:
        return folder / f"view-{view:03d}.npz", folder / f"view-{view:03d}-features.npy"

    def compute_missing(some: Iterable[int]) -> None:
        for view in some:
            path, features_path = files(view)
            if path.is_file() and (features_path.is_file() or not with_features):
                continue
            batches = photos_of_view(training, recipe, seed, view, batch_size, mixup, rounded)
            found = _predict(forward, batches, view * len(training), total, progress)
            if with_features:
                path.unlink(missing_ok=True)  # without features; a kill must not leave it beside these
                with replacing(features_path) as temporary, open(temporary, "wb") as file:
                    np.save(file, found[FEATURES].astype(np.float16))
            part: dict[str, Any] = {name: found[name] for name in HEADS if name in found}
            digest_of_features = sha256_of(features_path) if with_features else ""
            with replacing(path) as temporary, open(temporary, "wb") as file:
                np.savez(file, digest=_digest(part, digest), features_sha256=digest_of_features, **part)

    compute_missing(range(shard[0], views, shard[1]))
    wait()
    compute_missing(range(views))
    for view in range(views):
        path, features_path = files(view)
        parts.append(_read(path, len(training), digest))
        if with_features:
            features.append(_read_features(features_path, str(parts[-1]["features_sha256"])))
    diagnosis, lighting = (np.stack([p[n] for p in parts], axis=1) if n in parts[0] else None for n in HEADS)
    assert diagnosis is not None
    return TeacherPredictions(diagnosis, lighting, features)


def with_mirror(forward: TeacherForward) -> TeacherForward:
    """Return a forward pass that averages the probabilities (and features) of each photo and its mirror image."""

    def run(images: np.ndarray) -> dict[str, np.ndarray]:
        images = np.asarray(images)
        both = [forward.run(seen) for seen in (images, images[:, :, ::-1])]
        mean = average_predictions([TeacherPredictions(p["diagnosis"], p.get("lighting"), []) for p in both])
        found = {"diagnosis": mean.diagnosis, "lighting": mean.lighting}
        if FEATURES in both[0]:
            found[FEATURES] = (both[0][FEATURES] + both[1][FEATURES]) / 2
        return {name: value for name, value in found.items() if value is not None}

    return TeacherForward(f"{forward.way}, mirrored", run)


def average_predictions(parts: Sequence[TeacherPredictions]) -> TeacherPredictions:
    """Average the probabilities of several teachers for the same views; those of lighting over teachers that have them.

    Features of several teachers have no average and are left out.
    """
    if len(parts) == 1:
        return parts[0]
    diagnosis = np.log(np.mean([softmax(part.diagnosis, axis=-1) for part in parts], axis=0))
    lit = [expit(part.lighting.astype(np.float64)) for part in parts if part.lighting is not None]
    lighting = logit(np.clip(np.mean(lit, axis=0), SMALLEST, 1 - SMALLEST)).astype(np.float32) if lit else None
    return TeacherPredictions(diagnosis.astype(np.float32), lighting, [])


def _predict(
    forward: TeacherForward, batches: Iterable[Mapping[str, Any]], done: int, total: int, progress: Progress
) -> dict[str, np.ndarray]:
    found: list[dict[str, np.ndarray]] = []
    for batch in batches:
        found.append(forward.run(batch["image"]))
        done += len(found[-1]["diagnosis"])
        progress("teacher's predictions", done, total)
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _digest_of_key(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def _check_key(path: Path, key: Mapping[str, Any]) -> None:
    if not path.is_file():
        write_json(path, key)
        return
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnusableInput(f"The teacher's predictions are damaged; remove them. Received: {path.parent}.") from error
    target = json.loads(json.dumps(key))
    if stored != target:
        other = sorted(name for name in {*stored, *target} if stored.get(name) != target.get(name))
        raise UnusableInput(
            f"These predictions are stale: made with another {', '.join(other)}. Received: {path.parent}. Remove it."
        )


def _digest(part: Mapping[str, np.ndarray], key: str) -> str:
    return hashlib.sha256(
        b"".join([key.encode(), *(np.ascontiguousarray(part[k]).tobytes() for k in sorted(part))])
    ).hexdigest()


def _read(path: Path, photos: int, key: str) -> dict[str, np.ndarray]:
    remedy = "Remove it; the teacher then predicts this view again."
    stored = read_archive(path, "A file of the teacher's predictions", remedy)
    try:
        part = {name: stored[name] for name in HEADS if name in stored}
        whole = str(stored["digest"]) == _digest(part, key) and len(part["diagnosis"]) == photos
        part["features_sha256"] = stored["features_sha256"]
    except KeyError:
        whole = False
    if not whole:
        raise UnusableInput(f"A file of the teacher's predictions is damaged or stale; remove it. Received: {path}.")
    return part


def _read_features(path: Path, sha256: str) -> np.ndarray:
    if sha256_of(path) != sha256:
        raise UnusableInput(f"A file of the teacher's features is damaged or stale; remove it. Received: {path}.")
    features: np.ndarray = np.load(path, mmap_mode="r")
    return features
