"""What a model is worth on a held-out split: both heads, overall and per skin tone, with intervals."""

from collections.abc import Callable
from typing import Any

import numpy as np

from teacher.statistics import (
    accuracy,
    area_under_roc,
    balanced_accuracy,
    expected_calibration_error,
    grouped_bootstrap,
    macro_f1,
    recalls,
)
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

FEWEST_FOR_A_FIGURE = 20  # a slice below this many photos gets no figure: its interval would span half the scale
WELL_LIT = 0.5


def evaluate(
    manifest: Any,
    frame: Any,
    diagnosis: np.ndarray,
    lighting: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> dict[str, Any]:
    """Measure answers against the labels of their photos.

    Args:
        manifest: the `Manifest` of the data set.
        frame: the rows that were answered.
        diagnosis: float [n, classes], probabilities.
        lighting: float [n], probability that the photo is well lit.
        seed: of the bootstrap.
        resamples: of the bootstrap over groups.

    Returns:
        JSON-able: `n`, `groups`, `seed`, `synthetic`, `diagnosis`, `lighting`, `per_class`, `per_tone`. A figure is
        `{value, low, high, n}` with a 95 % interval; undefined is null, with `why`.

    Raises:
        UnusableInput: the answers do not fit the rows.
    """
    ids = [c.id for c in manifest.taxonomy.classes]
    if diagnosis.shape != (len(frame), len(ids)) or lighting.shape != (len(frame),):
        raise UnusableInput(
            f"Answers and photos do not match: {len(frame)} photos of {len(ids)} classes. "
            f"Received: diagnosis {diagnosis.shape}, lighting {lighting.shape}."
        )
    truth = frame["diagnosis"].map({name: number for number, name in enumerate(ids)}).to_numpy(float)
    lit = frame["lighting_label"].to_numpy(float, na_value=np.nan)
    groups = frame["group"].astype(str).to_numpy()
    tones = frame["tone_bucket"].astype(str).to_numpy()
    measure = _Measure(truth, diagnosis, lit, lighting, groups, len(ids), seed, resamples)
    everything = np.arange(len(frame))
    labelled = everything[~np.isnan(truth)]
    answer = diagnosis.argmax(axis=1)
    per_class = recalls(truth[labelled].astype(int), answer[labelled], len(ids))
    support = np.bincount(truth[labelled].astype(int), minlength=len(ids))
    return {
        "n": len(frame),
        "groups": len(np.unique(groups)),
        "seed": seed,
        "resamples": resamples,
        "synthetic": bool(manifest.synthetic),
        "diagnosis": measure.diagnosis(everything),
        "lighting": measure.lighting(everything),
        "per_class": {
            name: {"recall": None if np.isnan(r) else float(r), "n": int(n)}
            for name, r, n in zip(ids, per_class, support, strict=True)
        },
        "tone_scheme": TONE_SCHEME,
        "per_tone": {
            bucket: {
                "n": int(np.sum(tones == bucket)),
                "diagnosis": measure.diagnosis(everything[tones == bucket]),
                "lighting": measure.lighting(everything[tones == bucket]),
            }
            for bucket in (
                *TONE_BUCKETS,
                *(["unknown"] if "unknown" in tones and "unknown" not in TONE_BUCKETS else []),
            )
        },
    }


class _Measure:
    """Figures of slices of one set of answers."""

    def __init__(
        self,
        truth: np.ndarray,
        diagnosis: np.ndarray,
        lit: np.ndarray,
        lighting: np.ndarray,
        groups: np.ndarray,
        class_count: int,
        seed: int,
        resamples: int,
    ):
        self.truth, self.probabilities, self.lit, self.light = truth, diagnosis, lit, lighting
        self.groups, self.class_count, self.seed, self.resamples = groups, class_count, seed, resamples

    def diagnosis(self, rows: np.ndarray) -> dict[str, Any]:
        rows = rows[~np.isnan(self.truth[rows])]
        truth, answer = np.nan_to_num(self.truth).astype(int), self.probabilities.argmax(axis=1)
        return {
            "accuracy": self._figure(rows, lambda r: accuracy(truth[r], answer[r])),
            "balanced_accuracy": self._figure(rows, lambda r: balanced_accuracy(truth[r], answer[r], self.class_count)),
            "macro_f1": self._figure(rows, lambda r: macro_f1(truth[r], answer[r], self.class_count)),
            "ece": self._figure(rows, lambda r: expected_calibration_error(truth[r], self.probabilities[r])),
        }

    def lighting(self, rows: np.ndarray) -> dict[str, Any]:
        rows = rows[~np.isnan(self.lit[rows])]
        truth, answer = np.nan_to_num(self.lit).astype(int), (self.light >= WELL_LIT).astype(int)
        return {
            "accuracy": self._figure(rows, lambda r: accuracy(truth[r], answer[r])),
            "auc": self._figure(rows, lambda r: area_under_roc(truth[r], self.light[r])),
            "well_lit_share": float(truth[rows].mean()) if len(rows) else None,
        }

    def _figure(self, rows: np.ndarray, statistic: Callable[[np.ndarray], float]) -> dict[str, Any]:
        if len(rows) < FEWEST_FOR_A_FIGURE:
            return {"value": None, "low": None, "high": None, "n": len(rows), "why": "too few samples to tell"}
        value = statistic(rows)
        if np.isnan(value):
            return {"value": None, "low": None, "high": None, "n": len(rows), "why": "undefined: one class only"}
        low, high = grouped_bootstrap(
            lambda drawn: statistic(rows[drawn]), self.groups[rows], self.seed, self.resamples
        )
        return {"value": value, "low": low, "high": high, "n": len(rows)}
