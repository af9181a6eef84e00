"""Photos of a data set whose labels deserve a second look, from out-of-fold predictions.

Predictions come from logistic regressions on the pooled features of a trained, frozen model, each fitted without the
photos that it predicts (folds by group). The backbone has seen the labels of its own training photos, so that wrong
ones among them look better than they are; photos of validation and test have no such advantage.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_data.hash_search import neighbours
from skin_data.manifest import Manifest
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.paired import paired_gain
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import pandas as pd

    from skin_training.report_types import GainSection

WRONG, COPY, UNEXPLAINED = "likely wrong label", "copy with another label", "no class explains it"
COLUMNS = (
    "image_path", "split", "diagnosis", "finding", "suggested", "probability_of_label", "probability_of_suggested",
    "other_photo",
)  # fmt: skip
COPY_BITS = 6
"""Bits of 64 within which perceptual hashes count as the same picture, if their features agree as well."""
COPY_COSINE = 0.9
STRENGTH = 0.05
"""Inverse of the logistic regression's L2 penalty, for standardised features."""
LEAST_OF_CLASS = 5
EXPLAINED = 0.5
"""No class explains a photo where each has less than this fraction of its mean for the photos labelled with it."""


@dataclass(frozen=True)
class Curation:
    """What `curate` found.

    Attributes:
        findings: one row a finding, with `COLUMNS`, the surest of each kind first.
        probabilities: float [photos, classes], out of fold.
        effect: what leaving the likely wrong labels out of training changes on the validation photos, for the same
            logistic regression; None where nothing is left out or measured.
        left_out: training photos with a likely wrong label.
    """

    findings: "pd.DataFrame"
    probabilities: np.ndarray
    effect: "GainSection | None"
    left_out: int


def curate(manifest: Manifest, features: np.ndarray, folds: int = 5, seed: int = 0) -> Curation:
    """Find likely wrong labels, copies with another label, and photos that no class explains.

    Args:
        manifest: the data set; photos without a diagnosis are left alone.
        features: float [rows, channels], pooled features of all rows of its table.
        folds: number of parts; each is predicted from the others.
        seed: of the folds.

    Raises:
        UnusableInput: a class has too few photos.
    """
    import pandas as pd

    frame, ids = manifest.frame, manifest.taxonomy.ids
    truth = true_classes(frame, ids)
    known = np.flatnonzero(truth >= 0)
    probabilities = np.full((len(frame), len(ids)), np.nan)
    groups = frame["group"].to_numpy(str)
    probabilities[known] = out_of_fold(features[known], truth[known], groups[known], len(ids), folds, seed)
    suggested = np.full(len(frame), -1)
    suggested[known] = suggested_classes(probabilities[known], truth[known])
    explained = np.full(len(frame), np.inf)
    explained[known] = (probabilities[known] / mean_of_own(probabilities[known], truth[known])).max(axis=1)
    paths, splits = frame["image_path"].to_numpy(str), frame["split"].to_numpy(str)
    rows: list[tuple[float, dict[str, Any]]] = []

    def add(sort: float, row: int, finding: str, named: int, other: str = "") -> None:
        of_label, of_other = probabilities[row, truth[row]], probabilities[row, named]
        values = (
            paths[row], splits[row], ids[truth[row]], finding, ids[named] if named != truth[row] else "",
            round(float(of_label), 4), round(float(of_other), 4), other,
        )  # fmt: skip
        rows.append((sort, dict(zip(COLUMNS, values, strict=True))))

    for row in map(int, np.flatnonzero(suggested >= 0)):
        add(probabilities[row, truth[row]] - probabilities[row, suggested[row]], row, WRONG, int(suggested[row]))
    for row in map(int, np.flatnonzero(explained < EXPLAINED)):
        add(2 + explained[row], row, UNEXPLAINED, int(probabilities[row].argmax()))
    for one, other in _copies(frame, features, known, truth):
        for row, twin in ((one, other), (other, one)):
            add(1 + probabilities[row, truth[row]] / 2, row, COPY, int(truth[twin]), paths[twin])
    rows.sort(key=lambda pair: pair[0])
    wrong = np.flatnonzero(suggested >= 0)
    effect = _effect(manifest, features, truth, wrong)
    findings = pd.DataFrame([row for _, row in rows], columns=list(COLUMNS))
    return Curation(findings, probabilities, effect, int((splits[wrong] == "train").sum()))


def suggested_classes(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return int [n], the class that a likely wrong label should be, -1 where the label looks right.

    Confident learning with pruning by noise rate (Northcutt, Jiang and Chuang 2021): a class is a candidate where its
    probability reaches the mean that photos labelled with it have, and a photo is counted for its most probable
    candidate. These counts, scaled to the number of labels, estimate how many photos of a label are of each other
    class; as many are taken, those whose probability exceeds that of the label most.

    Args:
        probabilities: float [n, classes], out of fold.
        truth: int [n], the labels.
    """
    count = probabilities.shape[1]
    thresholds = mean_of_own(probabilities, truth)
    candidates = np.where(probabilities >= thresholds, probabilities, -1.0)
    confident = candidates.max(axis=1) >= 0
    joint = np.zeros((count, count))
    np.add.at(joint, (truth[confident], candidates[confident].argmax(axis=1)), 1)
    joint *= (np.bincount(truth, minlength=count) / np.maximum(joint.sum(axis=1), 1))[:, None]
    suggested, surest = np.full(len(truth), -1), np.zeros(len(truth))
    for label, other in zip(*np.nonzero(joint), strict=True):
        rows = np.flatnonzero(truth == label)
        margin = probabilities[rows, other] - probabilities[rows, label]
        top = np.argsort(-margin, kind="stable")[: round(joint[label, other])]
        better = top[margin[top] > surest[rows[top]]]
        suggested[rows[better]], surest[rows[better]] = other, margin[better]
    return suggested


def mean_of_own(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return float [classes], the mean probability of each class for the photos labelled with it; inf without any."""
    numbers = range(probabilities.shape[1])
    return np.array([probabilities[truth == k, k].mean() if (truth == k).any() else np.inf for k in numbers])


def out_of_fold(
    features: np.ndarray, truth: np.ndarray, groups: np.ndarray, class_count: int, folds: int, seed: int
) -> np.ndarray:
    """Return float [n, classes], each photo's probabilities from a model that saw no photo of its group."""
    from sklearn.model_selection import StratifiedGroupKFold

    counts = np.bincount(truth, minlength=class_count)
    if few := [number for number, count in enumerate(counts) if 0 < count < LEAST_OF_CLASS]:
        raise UnusableInput(
            f"Out-of-fold predictions need {LEAST_OF_CLASS} photos of a class. Received: class number {few[0]} with "
            f"{counts[few[0]]}. Add photos, or prepare without this class."
        )
    found = np.zeros((len(truth), class_count))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for trained, left in splitter.split(features, truth, groups):
        found[left] = _predictions(features[trained], truth[trained], features[left], class_count)
    return found


def _predictions(trained: np.ndarray, labels: np.ndarray, asked: np.ndarray, class_count: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=300))
    model.fit(trained, labels)
    found = np.zeros((len(asked), class_count))
    found[:, model[-1].classes_] = model.predict_proba(asked)
    return found


def _copies(frame: "pd.DataFrame", features: np.ndarray, known: np.ndarray, truth: np.ndarray) -> list[tuple[int, int]]:
    """Return pairs of rows that show the same picture under two labels."""
    cells = frame["phash"].tolist() if "phash" in frame else [""] * len(frame)
    hashed = np.array([row for row in known if cells[row]], int)
    if len(hashed) < 2:
        return []
    hashes = np.array([int(cells[row], 16) for row in hashed], np.uint64)[:, None]
    pairs = neighbours(hashes, hashes, COPY_BITS)
    length = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    found = set()
    for first, second in zip(hashed[pairs.first], hashed[pairs.second], strict=True):
        one, other = sorted((int(first), int(second)))
        if truth[one] != truth[other] and length[one] @ length[other] >= COPY_COSINE:
            found.add((one, other))
    return sorted(found)


def _effect(manifest: Manifest, features: np.ndarray, truth: np.ndarray, wrong: np.ndarray) -> "GainSection | None":
    splits = manifest.frame["split"].to_numpy(str)
    train, val = (np.flatnonzero((splits == name) & (truth >= 0)) for name in ("train", "val"))
    kept = np.setdiff1d(train, wrong)
    if len(kept) in (len(train), 0) or not len(val):
        return None
    count = len(manifest.taxonomy.ids)
    with_all, without = (_predictions(features[rows], truth[rows], features[val], count) for rows in (train, kept))
    return paired_gain(manifest, manifest.frame.iloc[val], without, with_all)
