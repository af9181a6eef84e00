"""What a converted file must keep of its float student."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from triage.errors import UnusableInput


@dataclass(frozen=True)
class Gates:
    """Thresholds, with the project's defaults.

    Attributes:
        balanced_accuracy: of the diagnosis, at least this share of the float student's.
        lighting_accuracy: at least this share of the float student's.
        agreement: share of test photos with the same top diagnosis.
        tone_loss: largest fall of a tone bucket's accuracy, as a share of 1.
        ccm_mean: largest mean CIEDE2000 of the colour calibration.
        ccm_max: largest CIEDE2000 of any patch.
    """

    balanced_accuracy: float = 0.98
    lighting_accuracy: float = 0.98
    agreement: float = 0.97
    tone_loss: float = 0.02
    ccm_mean: float = 0.5
    ccm_max: float = 1.5

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "Gates":
        """Read gates from a recipe; an unknown name is an UnusableInput."""
        known = {field.name for field in fields(cls)}
        if unknown := set(values) - known:
            raise UnusableInput(f"Unknown gate. Received: {sorted(unknown)}. Known: {', '.join(sorted(known))}.")
        return cls(**{name: float(value) for name, value in values.items()})


PASSED, FAILED, CANNOT_TELL = "passed", "failed", "cannot tell"


@dataclass(frozen=True)
class Verdict:
    """One gate's outcome: what was measured, the limit, and passed, failed or cannot tell."""

    gate: str
    measured: str
    limit: str
    outcome: str


def tone_verdict(bucket: str, change: float | None, low: float, high: float, n: int, limit: float) -> Verdict:
    """Judge the paired change of a tone bucket's accuracy.

    A fall beyond the limit fails, unless the interval still holds "no change": then the photos are too few to tell
    noise from harm. A fall within the limit passes, unless the interval reaches beyond the limit and is wider than
    the limit itself: too few photos as well.

    Args:
        bucket: its name.
        change: accuracy of the file less that of the float student; None without enough photos.
        low: of the change's 95 % interval.
        high: of the change's 95 % interval.
        n: photos.
        limit: largest fall allowed, positive.
    """
    gate, wanted = f"tone {bucket}", f"falls by at most {100 * limit:.1f} points"
    if change is None:
        return Verdict(gate, f"n = {n}: too few samples to tell", wanted, CANNOT_TELL)
    measured = f"{100 * change:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}), n = {n}"
    if change < -limit:
        return Verdict(gate, measured, wanted, CANNOT_TELL if high >= 0 else FAILED)
    return Verdict(gate, measured, wanted, CANNOT_TELL if low < -limit else PASSED)
