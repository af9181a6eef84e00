"""Test metrics of a model: both heads, overall and by slice, with intervals."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skin_training.evaluation.curves import curves_of
from skin_training.evaluation.decisions import decision_card, sent_to_doctor
from skin_training.evaluation.held_out import HeldOut, Validation
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.evaluation.split_predictions import SplitPredictions
from skin_training.report_types import TestSection
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

if TYPE_CHECKING:
    from pandas import DataFrame

    from skin_data.manifest import Manifest
    from triage.model_card import ModelCard

FITZPATRICK_GROUPS = {"I to III": ("1", "2", "3"), "IV": ("4",), "V and VI": ("5", "6")}
"""Types that are reported together, since few photos show the darkest."""


def evaluate(
    manifest: "Manifest",
    frame: "DataFrame",
    diagnosis: np.ndarray,
    lighting: np.ndarray | None,
    seed: int = 0,
    resamples: int = 1000,
    validation: Validation | None = None,
    card: "ModelCard | None" = None,
) -> TestSection:
    """Compare predictions with the labels of their photos.

    Args:
        manifest: the data set.
        frame: its rows that the predictions are of.
        diagnosis: float [n, classes], probabilities.
        lighting: float [n], probability that the photo is well lit; None for a model that does not predict it.
        seed: of the bootstrap.
        resamples: of the bootstrap over groups.
        validation: the validation split's predictions; calibration, the triage threshold and conformal sets are fitted
            on them and measured on `frame`; without it these sections are None.
        card: of the model, for what it sends to a doctor; None: by temperature and threshold of the validation split.

    Returns:
        JSON-able metrics with 95 % intervals, overall, per class, per tone and by source, lighting label, Fitzpatrick
        and Monk type where known; confusion counts and curves.

    Raises:
        UnusableInput: the predictions do not fit the rows, or hold NaN or inf.
    """
    ids = manifest.taxonomy.ids
    light_shape = None if lighting is None else lighting.shape
    if diagnosis.shape != (len(frame), len(ids)) or light_shape not in (None, (len(frame),)):
        raise UnusableInput(
            f"Predictions and photos do not match: {len(frame)} photos of {len(ids)} classes. "
            f"Received: diagnosis {diagnosis.shape}, lighting {light_shape}."
        )
    if not all(np.isfinite(found).all() for found in (diagnosis, lighting) if found is not None):
        raise UnusableInput("The model predicts NaN or inf; its weights are damaged. Train it again.")
    groups = frame["group"].astype(str).to_numpy()
    predictions = SplitPredictions(
        GroupBootstrap(groups, seed, resamples),
        true_classes(frame, ids),
        diagnosis,
        lighting_labels(frame),
        lighting,
    )
    classes = manifest.taxonomy.classes
    urgent = np.array([c.urgency == "urgent" for c in classes])
    tones = frame["tone_bucket"].astype(str).to_numpy()
    if card is None and validation is not None:
        threshold = validation.urgent_threshold(urgent)
        sets = None if "not_fitted" in validation.fitted_on() else validation.fit_sets()[0]
        tested = {tone: len(rows) for tone, rows in _rows_by(tones).items()}
        card = decision_card(classes, manifest.synthetic, validation.temperature, threshold, sets, tested)
    sent = None if card is None else sent_to_doctor(diagnosis, tones, card)
    everything = np.arange(len(frame))
    known_tones = [*TONE_BUCKETS, *(["unknown"] if "unknown" in tones and "unknown" not in TONE_BUCKETS else [])]
    by_tone = {bucket: everything[tones == bucket] for bucket in known_tones}
    names = _slice_names(frame)
    overall, labelled = predictions.slice(everything), predictions.labelled(everything)
    section: TestSection = {
        "n": len(frame),
        "groups": len(np.unique(groups)),
        "seed": seed,
        "resamples": resamples,
        "synthetic": bool(manifest.synthetic),
        "tone_scheme": TONE_SCHEME,
        "diagnosis": overall["diagnosis"],
        "lighting": overall["lighting"],
        "per_class": {c.id: predictions.of_class(number, c.urgency, sent) for number, c in enumerate(classes)},
        "per_tone": {bucket: predictions.slice(rows) for bucket, rows in by_tone.items()},
        "slices": {
            by: {name: predictions.slice(rows) for name, rows in _rows_by(values).items()}
            for by, values in names.items()
            if set(values) - {""}
        },
        "confusion": {
            "classes": list(ids),
            "counts": predictions.confusion(np.ones((1, len(labelled))), labelled)[0].astype(int).tolist(),
        },
        "curves": curves_of(predictions, ids),
        "calibration": None,
        "triage": None,
        "conformal": None,
    }
    if validation is not None:
        by_type = {**_rows_by(names["fitzpatrick"]), **_rows_by(names["fitzpatrick group"])}
        held_out = HeldOut(predictions, by_tone, by_type, validation)
        section["calibration"], section["conformal"] = held_out.calibration(), held_out.conformal()
        if urgent.any():
            section["triage"] = held_out.triage(urgent, ids)
    return section


def validation_of(frame: "DataFrame", ids: Sequence[str], probabilities: np.ndarray, **options: Any) -> Validation:
    """Return what temperature, threshold and sets are fitted on.

    Args:
        frame: rows of the validation split.
        ids: of the classes.
        probabilities: float [n, classes].
        options: other fields of `Validation`.
    """
    tones, groups = (frame[column].astype(str).to_numpy() for column in ("tone_bucket", "group"))
    return Validation(true_classes(frame, ids), probabilities, tones, groups=groups, **options)


def true_classes(frame: "DataFrame", ids: Sequence[str]) -> np.ndarray:
    """Return int [n], the number of each row's class, -1 where the diagnosis is missing."""
    numbers = {name: number for number, name in enumerate(ids)}
    return np.asarray(frame["diagnosis"].map(numbers).fillna(-1).to_numpy(int))


def lighting_labels(frame: "DataFrame") -> np.ndarray:
    """Return float [n], 1 well lit, 0 poorly lit, NaN where the label is missing."""
    return np.asarray(frame["lighting_label"].to_numpy(float, na_value=np.nan))


def _rows_by(values: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.flatnonzero(values == name) for name in sorted(set(values) - {""})}


def _slice_names(frame: "DataFrame") -> dict[str, np.ndarray]:
    well_lit = lighting_labels(frame)
    types = frame["fitzpatrick"].fillna("").astype(str).to_numpy()
    datasets = frame["dataset"].astype(str).to_numpy()
    return {
        "data set": datasets if len(set(datasets)) > 1 else np.full(len(frame), ""),
        "source": frame["source"].fillna("").astype(str).to_numpy(),
        "lighting": np.select([well_lit == 1, well_lit == 0], ["well lit", "poorly lit"], ""),
        "fitzpatrick": types,
        "fitzpatrick group": np.select(
            [np.isin(types, group) for group in FITZPATRICK_GROUPS.values()], list(FITZPATRICK_GROUPS), ""
        ),
        "monk": frame["monk"].fillna("").astype(str).to_numpy(),
    }
