"""What a model is worth on a held-out split: both heads, overall and by slice, with intervals."""

from typing import Any

import numpy as np

from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.held_out import Validation, calibration_section, conformal_section, triage_section
from skin_training.evaluation.metric import GroupBootstrap, minority_of, without_interval
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

WELL_LIT = 0.5
TOP_K = 3
CURVE_POINTS = 200


def evaluate(
    manifest: Any,
    frame: Any,
    diagnosis: np.ndarray,
    lighting: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
    validation: Validation | None = None,
) -> dict[str, Any]:
    """Measure answers against the labels of their photos.

    Args:
        manifest: the `Manifest` of the data set.
        frame: the rows that were answered.
        diagnosis: float [n, classes], probabilities.
        lighting: float [n], probability that the photo is well lit.
        seed: of the bootstrap.
        resamples: of the bootstrap over groups.
        validation: the validation split's photos and answers; what is fitted on them (calibration, the triage
            threshold, conformal sets) is then measured here too, else it is null.

    Returns:
        JSON-able: `n`, `groups`, `seed`, `resamples`, `synthetic`, `tone_scheme`; `diagnosis`, `lighting`, `per_class`,
        `per_tone`, `slices` (by source, lighting state, Fitzpatrick and Monk where known), `confusion` (rows truth,
        columns answer), `curves`, `calibration`, `triage`, `conformal`. A figure is `{value, low, high, n}` with a
        95 % interval; without a value it is null, and `why` says why.

    Raises:
        UnusableInput: the answers do not fit the rows, or are no probabilities.
    """
    ids = manifest.taxonomy.ids
    if diagnosis.shape != (len(frame), len(ids)) or lighting.shape != (len(frame),):
        raise UnusableInput(
            f"Answers and photos do not match: {len(frame)} photos of {len(ids)} classes. "
            f"Received: diagnosis {diagnosis.shape}, lighting {lighting.shape}."
        )
    if not (np.isfinite(diagnosis).all() and np.isfinite(lighting).all()):
        raise UnusableInput("The model's answers are not all numbers; its weights are damaged. Train it again.")
    groups = frame["group"].astype(str).to_numpy()
    bootstrap = GroupBootstrap(groups, seed, resamples)
    measured = _Measured(bootstrap, true_classes(frame, ids), diagnosis, lighting_labels(frame), lighting)
    everything = np.arange(len(frame))
    labelled = everything[measured.labelled]
    tones = frame["tone_bucket"].astype(str).to_numpy()
    known_tones = [*TONE_BUCKETS, *(["unknown"] if "unknown" in tones and "unknown" not in TONE_BUCKETS else [])]
    by_tone = {bucket: everything[tones == bucket] for bucket in known_tones}
    held_out = None
    if validation is not None:
        held_out = (bootstrap, measured.truth, diagnosis, labelled, by_tone, validation)
    urgent = [c.urgency == "urgent" for c in manifest.taxonomy.classes]
    return {
        "n": len(frame),
        "groups": len(np.unique(groups)),
        "seed": seed,
        "resamples": resamples,
        "synthetic": bool(manifest.synthetic),
        "tone_scheme": TONE_SCHEME,
        **measured.slice(everything),
        "per_class": {name: measured.of_class(number) for number, name in enumerate(ids)},
        "per_tone": {bucket: measured.slice(rows) for bucket, rows in by_tone.items()},
        "slices": {
            by: {name: measured.slice(np.flatnonzero(values == name)) for name in sorted(set(values) - {""})}
            for by, values in _slice_names(frame).items()
            if set(values) - {""}
        },
        "confusion": {"classes": list(ids), "counts": measured.counts(labelled).tolist()},
        "curves": {
            "lighting_precision_recall": measured.poor_light_curve(everything),
            "precision_recall": measured.class_curves(labelled, ids),
            "urgent_roc": _urgent_roc(measured.truth[labelled], diagnosis[labelled], np.array(urgent)),
        },
        "calibration": calibration_section(*held_out) if held_out else None,
        "triage": triage_section(*held_out, urgent=np.array(urgent), ids=ids) if held_out and any(urgent) else None,
        "conformal": conformal_section(*held_out) if held_out else None,
    }


def true_classes(frame: Any, ids: list[str]) -> np.ndarray:
    """Return int [n], the number of each row's class, -1 where the diagnosis is missing."""
    return frame["diagnosis"].map({name: number for number, name in enumerate(ids)}).fillna(-1).to_numpy(int)


def lighting_labels(frame: Any) -> np.ndarray:
    """Return float [n], 1 well lit, 0 poorly lit, NaN where the label is missing."""
    return frame["lighting_label"].to_numpy(float, na_value=np.nan)


def _slice_names(frame: Any) -> dict[str, np.ndarray]:
    lit = lighting_labels(frame)
    return {
        "source": frame["source"].fillna("").astype(str).to_numpy(),
        "lighting": np.select([lit == 1, lit == 0], ["well lit", "poorly lit"], ""),
        "fitzpatrick": frame["fitzpatrick"].fillna("").astype(str).to_numpy(),
        "monk": frame["monk"].fillna("").astype(str).to_numpy(),
    }


class _Measured:
    """Figures of slices of one set of answers."""

    def __init__(
        self, bootstrap: GroupBootstrap, truth: np.ndarray, diagnosis: np.ndarray, lit: np.ndarray, lighting: np.ndarray
    ):
        self.bootstrap, self.truth, self.probabilities, self.lit, self.light = (
            bootstrap,
            truth,
            diagnosis,
            lit,
            lighting,
        )
        self.answer, self.confidence = diagnosis.argmax(axis=1), diagnosis.max(axis=1)
        self.labelled, self.class_count = truth >= 0, diagnosis.shape[1]
        # Of equal probabilities the first class comes first, as on the device.
        top = np.argsort(-diagnosis, axis=1, kind="stable")[:, :TOP_K]
        self.in_top = (top == truth[:, None]).any(axis=1)

    def table(self, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return metrics.confusion(weights, self.truth[rows], self.answer[rows], self.class_count)

    def counts(self, rows: np.ndarray) -> np.ndarray:
        return self.table(np.ones((1, len(rows))), rows)[0].astype(int)

    def slice(self, rows: np.ndarray) -> dict[str, Any]:
        return {"n": len(rows), "diagnosis": self.diagnosis(rows), "lighting": self.lighting(rows)}

    def diagnosis(self, rows: np.ndarray) -> dict[str, Any]:
        rows = rows[self.labelled[rows]]
        metric = self.bootstrap.metric
        right = self.answer == self.truth
        return {
            "accuracy": metric(lambda w, r: metrics.fraction(w, right[r]), rows),
            "balanced_accuracy": metric(lambda w, r: metrics.balanced_accuracy(self.table(w, r)), rows),
            "macro_f1": metric(lambda w, r: metrics.macro_f1(self.table(w, r)), rows),
            "top3_accuracy": metric(lambda w, r: metrics.fraction(w, self.in_top[r]), rows),
            "ece": without_interval(
                metric(lambda w, r: metrics.expected_calibration_error(w, self.confidence[r], right[r]), rows)
            ),
        }

    def lighting(self, rows: np.ndarray) -> dict[str, Any]:
        rows = rows[~np.isnan(self.lit[rows])]
        metric = self.bootstrap.metric
        poor, named_poor = self.lit == 0, self.light < WELL_LIT
        # A figure rests on the photos that it is a share of, not on all.
        rarer = minority_of(poor[rows])
        return {
            "accuracy": metric(lambda w, r: metrics.fraction(w, (poor == named_poor)[r]), rows),
            "auc": metric(lambda w, r: metrics.area_under_roc(w, poor[r], -self.light[r]), rows, rarer),
            "average_precision": metric(
                lambda w, r: metrics.average_precision(w, poor[r], -self.light[r]), rows, poor[rows]
            ),
            "poor_recall": metric(lambda w, r: metrics.fraction(w, named_poor[r], poor[r]), rows, poor[rows]),
            "poor_precision": metric(lambda w, r: metrics.fraction(w, poor[r], named_poor[r]), rows, named_poor[rows]),
            "well_lit_share": float(self.lit[rows].mean()) if len(rows) else None,
        }

    def of_class(self, number: int) -> dict[str, Any]:
        rows = np.flatnonzero(self.labelled)
        own, named = self.truth[rows] == number, self.answer[rows] == number

        def metric(of_table: Any, rests_on: np.ndarray = own) -> dict[str, Any]:
            return self.bootstrap.metric(lambda w, r: of_table(self.table(w, r))[:, number], rows, rests_on)

        return {
            "n": int(own.sum()),
            "recall": metric(metrics.recall),
            "precision": metric(metrics.precision, named),
            "f1": metric(metrics.f1),
            "auc": self.bootstrap.metric(
                lambda w, r: metrics.area_under_roc(w, self.truth[r] == number, self.probabilities[r, number]),
                rows,
                minority_of(own),
            ),
        }

    def class_curves(self, rows: np.ndarray, ids: list[str]) -> dict[str, dict[str, list[float]]]:
        """Return the precision-recall curve of each class that has photos."""
        from sklearn.metrics import precision_recall_curve

        curves = {}
        for number, name in enumerate(ids):
            positive = self.truth[rows] == number
            if positive.any():
                precision, recall, _ = precision_recall_curve(positive, self.probabilities[rows, number])
                curves[name] = _thinned({"recall": recall[::-1], "precision": precision[::-1]})
        return curves

    def poor_light_curve(self, rows: np.ndarray) -> dict[str, list[float]] | None:
        from sklearn.metrics import precision_recall_curve

        rows = rows[~np.isnan(self.lit[rows])]
        poor = self.lit[rows] == 0
        if not poor.any() or poor.all():
            return None
        precision, recall, _ = precision_recall_curve(poor, -self.light[rows])
        return _thinned({"recall": recall[::-1], "precision": precision[::-1]})


def _urgent_roc(truth: np.ndarray, probabilities: np.ndarray, urgent: np.ndarray) -> dict[str, list[float]] | None:
    from sklearn.metrics import roc_curve

    positive = urgent[truth]
    if not positive.any() or positive.all():
        return None
    false_positive_rate, sensitivity, _ = roc_curve(positive, probabilities[:, urgent].sum(axis=1))
    return _thinned({"false_positive_rate": false_positive_rate, "sensitivity": sensitivity})


def _thinned(curve: dict[str, np.ndarray]) -> dict[str, list[float]]:
    count = len(next(iter(curve.values())))
    kept = np.unique(np.linspace(0, count - 1, min(count, CURVE_POINTS)).round().astype(int))
    return {name: np.round(values[kept], 5).tolist() for name, values in curve.items()}
