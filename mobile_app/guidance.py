"""What to tell a person about what the camera sees now: one thing at a time, and only once it is settled."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from mobile_app.motion import STEADY_BELOW, MotionMeter
from mobile_app.sources.source import Frame
from triage.framing import NO_SKIN_BELOW, TOO_FAR_BELOW, Framing, measure_framing, preview_reasons
from triage.lighting import LightingFeatures, Limit, judge_lighting, limits_for, measure_lighting
from triage.photo import CROP_FRACTION

PRECEDENCE = ("too_dark", "too_bright", "no_skin", "colour_cast", "too_far", "blurry", "glare", "uneven")
"""Which of several tips is given: what hides most of the rest first, as in `triage.framing.preview_reasons`."""

ON_S, OFF_S = 0.25, 0.5
"""For how long a reason must be seen before its tip is given, and unseen before it goes. Between frames that disagree
the times count against each other."""
OFF_NEAR_LIMIT_S = 1.2
"""The same while the measure is still within its margin. It ends: dark skin in good light may lie near a limit."""
LEAST_SHOWN_S = 0.8
"""A tip stays at least so long: two short words are read in half a second (Rayner 1998: 4 to 5 words a second)."""
READY_S, UNREADY_S = 0.3, ON_S
"""For how long everything must be good before it is ready, and not good before it is not: a tip follows at once."""
LONGEST_STEP_S = 0.12
"""A longer gap between two frames counts as this: no frame alone may settle anything."""

MARGINS = {
    "exposure": 0.08,
    "clipped": 0.01,
    "saturated": 0.012,
    "specular": 0.001,
    "unevenness": 0.3,
    "sharpness": 0.1,
    "coarse_sharpness": 0.08,
    "skin_share": 0.012,
}
"""Within so much of its limit a measure may cross it by noise: three times its deviation between frames of a phantom
that differ by sensor noise and a slight shift (99th percentile over 200 phantoms of series 6). None for `colour_cast`,
which is 0 wherever it is good."""


@dataclass(frozen=True)
class Guidance:
    """One thing at a time, settled: it changes when what is seen has changed for a while, not with every frame.

    Attributes:
        tip: id out of `triage.tips.TIPS` ("too_dark", ..., "no_skin", "too_far"), or None.
        ready: the light is good, skin is in the guide, and the camera is held still.
        measured: why, for whoever asks: the measure that decided under its own name and the limit that it crossed
            under "limit". The measure is one of `MARGINS`, "colour_cast", or "motion" where nothing but an unsteady
            hand is wrong. Empty when there is nothing to explain.
        frame_number: the frame it was drawn from.
        delay_s: from when that frame was taken to when this was known, seconds.
    """

    tip: str | None
    ready: bool
    measured: Mapping[str, float] = field(default_factory=dict)
    frame_number: int = 0
    delay_s: float = 0.0


class Switch:
    """On after enough signs for it, off after enough against it; what lies between keeps the state it has."""

    def __init__(self) -> None:
        self.on = False
        self._level = 0.0

    def move(self, change: float) -> None:
        """Add to the level, which is held in [0, 1]; at 1 it switches on, at 0 off."""
        self._level = min(1.0, max(0.0, self._level + change))
        if self._level >= 1 - 1e-9:
            self.on = True
        elif self._level <= 1e-9:
            self.on = False


class Guide:
    """Turns frames into guidance. One thread uses it."""

    def __init__(self) -> None:
        self._motion = MotionMeter()
        self._reasons = {reason: Switch() for reason in PRECEDENCE}
        self._ready = Switch()
        self._tip: str | None = None
        self._tip_since = self._last = 0.0
        self._measured: Mapping[str, float] = {}

    def look(self, frame: Frame, crop_fraction: float = CROP_FRACTION) -> Guidance:
        """Take a frame into account; frames come in the order of their times.

        Args:
            frame: from the source.
            crop_fraction: share of each side that the model sees.

        Raises:
            UnusableInput, UnreadablePhoto: pixels that are no photo.
        """
        features = measure_lighting(frame.pixels, crop_fraction)
        framing = measure_framing(frame.pixels, crop_fraction)
        step = min(max(frame.time - self._last, 0.0), LONGEST_STEP_S) if self._last else 0.0
        self._last = frame.time
        found = preview_reasons(judge_lighting(features), framing)
        limits = _limits(features, framing)
        values = {**features.as_dict(), "skin_share": framing.skin}
        for reason, switch in self._reasons.items():
            if reason in found:
                switch.move(step / ON_S)
            else:
                near = any(-MARGINS.get(x.measure, 0.0) < x.excess(values[x.measure]) for x in limits[reason])
                switch.move(-step / (OFF_NEAR_LIMIT_S if near else OFF_S))
        motion = self._motion.measure(frame, crop_fraction)
        good = not found and motion < STEADY_BELOW
        self._ready.move(step / READY_S if good else -step / UNREADY_S)
        self._choose(frame.time)
        if self._tip is None:
            moving = not found and motion >= STEADY_BELOW
            self._measured = {"motion": motion, "limit": STEADY_BELOW} if moving else {}
        elif self._tip in found:
            worst = max(limits[self._tip], key=lambda limit: limit.excess(values[limit.measure]) > 0)
            self._measured = {worst.measure: values[worst.measure], "limit": worst.at}
        return Guidance(
            tip=self._tip,
            ready=self._tip is None and self._ready.on,
            measured=self._measured,
            frame_number=frame.number,
            delay_s=time.monotonic() - frame.time,
        )

    def _choose(self, now: float) -> None:
        tip = next((reason for reason in PRECEDENCE if self._reasons[reason].on), None)
        if tip != self._tip and (self._tip is None or now - self._tip_since >= LEAST_SHOWN_S):
            self._tip, self._tip_since = tip, now


def _limits(features: LightingFeatures, framing: Framing) -> dict[str, tuple[Limit, ...]]:
    """What each tip is judged by in a picture with these measures."""
    return {
        **limits_for(features),
        "no_skin": (Limit("skin_share", NO_SKIN_BELOW, above=False),),
        "too_far": (Limit("skin_share", TOO_FAR_BELOW, above=False),),
    }
