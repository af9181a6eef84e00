"""One steady spot out of those that a model finds in frames one by one."""

import math
from dataclasses import replace

from triage.spot import SURE_FROM, Spot

SHOW_FROM, HIDE_BELOW = SURE_FROM + 0.1, SURE_FROM - 0.2
"""Smoothed confidence at which a hidden spot appears, and below which a shown one goes."""
PLACE_S, CONFIDENCE_S = 0.25, 0.5
"""Time constants of the exponential filters."""
SAME_ABOVE = 0.1
"""Overlap (intersection over union) with the shown spot above which a spot is the same one; another one speaks against
it, so that a ring goes and comes instead of sliding over."""


class SpotTracker:
    """Follows the spot over frames. Not thread-safe."""

    def __init__(self) -> None:
        self._spot: Spot | None = None
        self._shown = False
        self._time = 0.0

    def follow(self, found: Spot | None, time: float) -> Spot | None:
        """Take the spot of the next frame, at a time in seconds; return the one to show, None where there is none."""
        step, self._time = max(0.0, time - self._time), time
        if found is None:
            self._spot, self._shown = None, False
            return None
        known = self._spot
        if known is None:
            self._spot = replace(found, confidence=0.0)
            return None
        same = overlap(known, found) > SAME_ABOVE
        kept = math.exp(-step / CONFIDENCE_S)
        confidence = kept * known.confidence + (1 - kept) * (found.confidence if same else 0.0)
        if same and found.confidence > 0:
            # A doubtful place counts less.
            weight = (1 - math.exp(-step / PLACE_S)) * found.confidence
            x, y, width, height = (
                old + weight * (new - old)
                for old, new in ((getattr(known, name), getattr(found, name)) for name in ("x", "y", "width", "height"))
            )
            known = Spot(x, y, width, height, confidence)
        elif not self._shown:
            known, confidence = found, 0.0
        self._spot = replace(known, confidence=confidence)
        self._shown = confidence >= (HIDE_BELOW if self._shown else SHOW_FROM)
        return self._spot if self._shown else None


def overlap(one: Spot, other: Spot) -> float:
    """Return the intersection over union of two spots' boxes, in [0, 1]."""
    across, down = (
        max(0.0, min(a + la / 2, b + lb / 2) - max(a - la / 2, b - lb / 2))
        for a, la, b, lb in (
            (one.x, one.width, other.x, other.width),
            (one.y, one.height, other.y, other.height),
        )
    )
    union = one.width * one.height + other.width * other.height - across * down
    return across * down / union if union > 0 else 0.0
