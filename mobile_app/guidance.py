"""What to tell a person about what the camera sees now."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Guidance:
    """One thing at a time, settled: it changes when what is seen has changed for a while, not with every frame.

    Attributes:
        tip: id out of `triage.tips.TIPS` ("too_dark", ..., "no_skin", "too_far"), or None.
        ready: the light is good, skin is in the guide, and the camera is held still.
        measured: why, for whoever asks: the measure that decided under its own name and the limit that it crossed
            under "limit". Empty when there is nothing to explain.
        frame_number: the frame it was drawn from.
        delay_s: from when that frame was taken to when this was known, seconds.
    """

    tip: str | None
    ready: bool
    measured: Mapping[str, float] = field(default_factory=dict)
    frame_number: int = 0
    delay_s: float = 0.0
