"""Test sets from elsewhere: a model is measured on the classes that it shares with them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skin_data.manifest import Manifest, read_manifest
from skin_data.pixels import load_pixels
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.evaluate import evaluate
from skin_training.evaluation.metric import MIN_PHOTOS
from skin_training.evaluation.paired import paired_gain
from triage.crop import Crop
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import pandas as pd

    from skin_training.report_types import OutsideSection

Predictor = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""From pixels uint8 [n, size, size, 3] to probabilities: diagnosis [n, classes] and good light [n] or None."""


class OutsideModel(NamedTuple):
    """A model that is measured: how it predicts, the side of its input, and what it sees of a photo."""

    predict: Predictor
    size: int
    crop: Crop


@dataclass(frozen=True)
class OutsideSet:
    """Photos that a model was neither trained nor selected on.

    Attributes:
        name: folder of the meta.csv.
        manifest: the data set, with the shared classes in the model's order.
        frame: its rows that can be measured.
        columns: int [shared], the model's outputs for these classes.
        absent: the model's other classes.
        other_classes: photos left out because of their class, or without one.
        known: photos left out because the model's own training or validation split has them.
    """

    name: str
    manifest: Manifest
    frame: "pd.DataFrame"
    columns: np.ndarray
    absent: list[str]
    other_classes: int
    known: int


def read_outside(meta: Path, ids: Sequence[str], own: Manifest | None = None) -> OutsideSet:
    """Read a test set for a model with the classes `ids`; all of its splits count, since none was trained on.

    Args:
        meta: its meta.csv.
        ids: the model's classes, in order.
        own: the model's data set: photos of its training and validation split, or of their groups, are left out.

    Raises:
        UnusableInput: fewer than two classes with 20 photos (as every metric needs) are shared, or no photo is left.
    """
    manifest = read_manifest(meta)
    counts = manifest.frame["diagnosis"].value_counts()
    shared = [name for name in ids if counts.get(name, 0) >= MIN_PHOTOS]
    if len(shared) < 2:
        found = ", ".join(f"{name} ({counts.get(name, 0)})" for name in manifest.taxonomy.ids)
        raise UnusableInput(
            f"An outside test set must share two classes of {MIN_PHOTOS} photos with the model. Received: {meta} with "
            f"{found}; the model has {', '.join(ids)}. Add photos, or prepare it with --taxonomy, which maps its "
            "labels onto the model's classes."
        )
    frame = manifest.frame
    of_class = frame["diagnosis"].isin(shared).to_numpy()
    seen = _seen_by(own, manifest) & of_class
    frame = frame[of_class & ~seen].reset_index(drop=True)
    if frame.empty:
        raise UnusableInput(f"No photo of {meta} is new to the model and has one of its classes: {', '.join(shared)}.")
    of_name = {c.id: c for c in manifest.taxonomy.classes}
    taxonomy = replace(manifest.taxonomy, classes=tuple(of_name[name] for name in shared))
    return OutsideSet(
        Path(meta).resolve().parent.name,
        replace(manifest, taxonomy=taxonomy, frame=frame),
        frame,
        np.array([list(ids).index(name) for name in shared]),
        [name for name in ids if name not in shared],
        int((~of_class).sum()),
        int(seen.sum()),
    )


def read_outside_sets(metas: Sequence[Path], own: Manifest) -> list[OutsideSet]:
    """Read several for a model that is trained on `own`; see `read_outside`."""
    return [read_outside(meta, own.taxonomy.ids, own) for meta in metas]


def measure_outside(
    sets: Sequence[OutsideSet],
    models: Mapping[str, OutsideModel],
    cache: Path,
    baseline: str = "",
    progress: Progress = no_progress,
) -> "dict[str, OutsideSection]":
    """Measure models on outside test sets.

    Probabilities are those of the shared classes, scaled to sum to one: the question is which of these it is.

    Args:
        sets: of `read_outside`.
        models: by name; the first is compared with the one named `baseline`, photo by photo.
        cache: folder for prepared pixels.
        baseline: a name in `models`; empty for none.
        progress: called as `progress(what, done, total)`.

    Returns:
        A section for each set, by its name: `shared`, `absent`, photos left out, `test` of each model, and `gain`.
    """
    sections: dict[str, OutsideSection] = {}
    for outside in sets:
        answers = {}
        for name, model in models.items():
            pixels = load_pixels(outside.manifest, outside.frame, model.size, model.crop, cache, progress)
            diagnosis, lighting = model.predict(pixels)
            of_shared = diagnosis[:, outside.columns].astype(np.float64)
            answers[name] = of_shared / np.maximum(of_shared.sum(axis=1, keepdims=True), 1e-12), lighting
        first = next(iter(models))
        gain = None
        if baseline:
            gain = paired_gain(outside.manifest, outside.frame, answers[first][0], answers[baseline][0])
        sections[_free(outside.name, sections)] = {
            "meta_sha256": outside.manifest.sha256,
            "n": len(outside.frame),
            "shared": outside.manifest.taxonomy.ids,
            "absent": outside.absent,
            "left_out": {"other_classes": outside.other_classes, "known": outside.known},
            "test": {name: evaluate(outside.manifest, outside.frame, *answer) for name, answer in answers.items()},
            "gain": gain,
        }
    return sections


def _seen_by(own: Manifest | None, other: Manifest) -> np.ndarray:
    """Return bool [n], whether the model's training or validation split has a photo of `other`, or its group's."""
    if own is None:
        return np.zeros(len(other.frame), bool)
    trained = own.frame[own.frame["split"] != "test"]
    paths = {path.resolve() for path in own.photo_paths(trained)}
    seen = np.array([path.resolve() in paths for path in other.photo_paths(other.frame)])
    return np.asarray(other.frame["group"].isin(set(other.frame["group"][seen])).to_numpy())


def _free(name: str, taken: Mapping[str, object]) -> str:
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in names if each not in taken)
