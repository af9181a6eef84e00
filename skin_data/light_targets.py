"""What `triage.lighting` measured of photos, as targets of the lighting head."""

from typing import Any

import numpy as np

from triage.lighting import FEATURE_NAMES

FARTHEST = 4.0
"""Standard deviations; measures farther from the mean count as that far."""


def light_targets(frame: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the measures of the light of some photos, standardised by their own mean and standard deviation.

    Args:
        frame: rows of a meta.csv; the columns `light_...` of `triage.lighting.FEATURE_NAMES` may be missing or empty.

    Returns:
        float32 [n, 14] within [-4, 4], and float32 [n], 1 where every measure is known, else 0.
    """
    columns = [f"light_{name}" for name in FEATURE_NAMES]
    measured = frame.reindex(columns=columns).to_numpy(np.float64, na_value=np.nan)
    known = ~np.isnan(measured).any(axis=1)
    targets = np.zeros(measured.shape, np.float32)
    if known.any():
        of_known = measured[known]
        spread = of_known.std(axis=0)
        standard = np.divide(of_known - of_known.mean(axis=0), spread, out=np.zeros_like(of_known), where=spread > 1e-9)
        targets[known] = np.clip(standard, -FARTHEST, FARTHEST)
    return targets, known.astype(np.float32)
