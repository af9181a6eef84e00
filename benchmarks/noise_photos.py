"""A training set of noise: neither pixels nor labels change what a step costs."""

from typing import Any

import numpy as np

from triage.lighting import FEATURE_NAMES

CLASSES = 10


def noise_training_set(pixels: Any) -> Any:
    """Return a `skin_data.batches.TrainingSet` of uint8 pixels [n, size, size, 3], classes and weights all alike."""
    from skin_data.batches import TrainingSet

    count = len(pixels)
    return TrainingSet(
        pixels=pixels,
        diagnosis=np.eye(CLASSES, dtype=np.float32)[np.arange(count) % CLASSES],
        diagnosis_weight=np.ones(count, np.float32),
        lighting=np.ones(count, np.float32),
        lighting_weight=np.ones(count, np.float32),
        measures=np.zeros((count, len(FEATURE_NAMES)), np.float32),
        measures_weight=np.ones(count, np.float32),
        image_ids=np.arange(count),
        repeats=np.ones(count, np.int64),
    )
