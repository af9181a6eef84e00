"""Agreement of a student with its teacher."""

import numpy as np
import pandas as pd

from skin_data.manifest import Manifest
from skin_training.evaluation import weighted_metrics as metrics
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.metric import GroupBootstrap
from skin_training.report_types import AgreementSection, Metric
from triage.skin_tone import TONE_BUCKETS

SMALLEST = 1e-12  # probability, so that its logarithm is finite


def agreement_with_teacher(
    manifest: Manifest,
    frame: pd.DataFrame,
    teacher: np.ndarray,
    student: np.ndarray,
    seed: int = 0,
    resamples: int = 1000,
) -> AgreementSection:
    """Measure how well a student agrees with its teacher.

    Args:
        manifest: the data set.
        frame: rows of the photos.
        teacher: float [n, classes], probabilities.
        student: float [n, classes].
        seed: of the bootstrap over groups.
        resamples: of the bootstrap.

    Returns:
        JSON-able: `all`, `per_class` (by the photos' own label) and `per_tone`, each with `top1`, the fraction of
        photos with the same top class, and `kl`, the mean divergence of the student's probabilities from the teacher's
        in nats.
    """
    ids, truth = manifest.taxonomy.ids, true_classes(frame, manifest.taxonomy.ids)
    tones = frame["tone_bucket"].to_numpy(str)
    bootstrap = GroupBootstrap(frame["group"].astype(str).to_numpy(), seed, resamples)
    same = teacher.argmax(axis=1) == student.argmax(axis=1)
    teacher, student = (np.maximum(p.astype(np.float64), SMALLEST) for p in (teacher, student))
    divergence = (teacher * np.log(teacher / student)).sum(axis=1)

    def both(rows: np.ndarray) -> dict[str, Metric]:
        return {
            "top1": bootstrap.metric(lambda w, r: metrics.fraction(w, same[r]), rows),
            "kl": bootstrap.metric(lambda w, r: metrics.fraction(w, divergence[r]), rows, proportion=False),
        }

    return {
        "all": both(np.arange(len(frame))),
        "per_class": {name: both(np.flatnonzero(truth == number)) for number, name in enumerate(ids)},
        "per_tone": {bucket: both(np.flatnonzero(tones == bucket)) for bucket in TONE_BUCKETS},
    }
