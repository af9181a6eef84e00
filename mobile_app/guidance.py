"""From camera frames to one stable tip at a time."""

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from mobile_app.motion import STEADY_BELOW, MotionMeter
from mobile_app.sources.source import Frame
from mobile_app.spot_tracker import SpotTracker
from triage.crop import CROP, Crop
from triage.framing import NO_SKIN_BELOW, SPOT_REASONS, TOO_FAR_BELOW, Framing, measure_framing, preview_reasons
from triage.lighting import (
    PREVIEW_THRESHOLDS,
    LightingFeatures,
    Limit,
    judge_lighting,
    limits_for,
    measure_lighting,
    view_of,
)
from triage.spot import Spot

TIP_PRIORITY = (
    "too_dark", "too_bright", "no_skin", "colour_cast", "too_far", *SPOT_REASONS, "blurry", "glare", "uneven",
)  # fmt: skip
"""Order in which tips are given: first what hides most other faults, as in `triage.framing.preview_reasons`."""

TIP_ON_S, TIP_OFF_S = 0.25, 0.5
"""How long a fault must be seen before its tip appears, and be gone before the tip goes. Frames that disagree cancel
each other out."""
TIP_OFF_NEAR_LIMIT_S = 1.2
"""`TIP_OFF_S` while the measure is within its margin. Finite, because dark skin in good light may lie near a limit."""
MIN_TIP_S = 0.8
"""Shortest time a tip stays: two short words take half a second to read (Rayner 1998: 4 to 5 words a second)."""
READY_S = 0.3
"""How long everything must be good before "ready" appears; it goes at once."""
STABLE_S, STABLE_CHANGE = 0.4, 0.3
"""No measure may have changed by more than this fraction of its distance to its limit within this time: a fault that
comes or goes is seen while it is still within the limits."""
LIGHT = "light"
MAX_LIGHT_CHANGE = {"exposure": 0.15, "red_green": 0.1, "green_blue": 0.15}
"""The same for the light itself, in stops."""
MAX_STEP_S = 0.12
"""A longer gap between frames counts as this, so that no single frame changes the tip."""

LIMIT_MARGINS = {
    "exposure": 0.08, "clipped": 0.01, "saturated": 0.012, "specular": 0.001, "unevenness": 0.3, "sharpness": 0.1,
    "coarse_sharpness": 0.08, "skin_share": 0.012, "skin_probability": 0.03,
}  # fmt: skip
"""How far noise may push a measure past its limit: three standard deviations between frames of one phantom that differ
by sensor noise and a slight shift (99th percentile over 200 phantoms of series 6). `colour_cast` has none: it is 0
wherever it is good."""


@dataclass(frozen=True)
class Guidance:
    """One stable tip, or none.

    Attributes:
        tip: id from `triage.tips.TIPS` ("too_dark", ..., "no_skin", "too_far", "spot_cut"), or None.
        ready: lighting is good and stable, skin fills the guide and the camera is still.
        measured: the deciding measure by name (of `LIMIT_MARGINS`, "colour_cast", or "motion" if only the hand is
            unsteady), and the limit it crossed as "limit"; empty if there is nothing to explain.
        frame_number: the frame it was made from.
        delay_s: seconds from taking that frame to this guidance.
        sharpness: of that frame, to choose among ready ones.
        spot: the steady spot to mark, in fractions of the frame; None where there is none.
    """

    tip: str | None
    ready: bool
    measured: Mapping[str, float] = field(default_factory=dict)
    frame_number: int = 0
    delay_s: float = 0.0
    sharpness: float = 0.0
    spot: Spot | None = None


class Debouncer:
    """Switches on at level 1 and off at level 0; in between it keeps its state."""

    def __init__(self) -> None:
        self.on = False
        self._level = 0.0

    def move(self, change: float) -> None:
        """Add to the level, which stays within [0, 1]."""
        self._level = min(1.0, max(0.0, self._level + change))
        if self._level >= 1 - 1e-9:
            self.on = True
        elif self._level <= 1e-9:
            self.on = False


class FrameAnalyzer:
    """Turns frames into guidance. Not thread-safe."""

    def __init__(self) -> None:
        self._motion, self._tracker = MotionMeter(), SpotTracker()
        self._faults = {reason: Debouncer() for reason in TIP_PRIORITY}
        self._good_s = 0.0
        self._margins: deque[tuple[float, dict[tuple[str, str], float]]] = deque()
        self._tip: str | None = None
        self._tip_since = self._last = 0.0
        self._measured: Mapping[str, float] = {}

    def analyze(self, frame: Frame, crop: Crop = CROP, found: Spot | None = None) -> Guidance:
        """Analyse the next frame; frames must come in order of time.

        Args:
            frame: with its time.
            crop: what the model sees of it.
            found: the spot that the model finds in this frame alone, if it can.

        Raises:
            UnusableInput, UnreadablePhoto: the pixels are not a photo.
        """
        view = view_of(frame.pixels, crop)
        features = measure_lighting(frame.pixels, crop, view)
        framing = measure_framing(frame.pixels, crop, view)
        step = min(max(frame.time - self._last, 0.0), MAX_STEP_S) if self._last else 0.0
        self._last = frame.time
        spot = self._tracker.follow(found, frame.time)
        seen = crop.frame(frame.pixels.shape[1], frame.pixels.shape[0])
        faults = preview_reasons(judge_lighting(features, PREVIEW_THRESHOLDS), framing, spot, seen)
        limits = _limits(features, framing)
        values = {**features.as_dict(), "skin_share": framing.skin, "skin_probability": framing.probability}
        for reason, debouncer in self._faults.items():
            if reason in faults:
                debouncer.move(step / TIP_ON_S)
            else:
                near = any(
                    -LIMIT_MARGINS.get(x.measure, 0.0) < x.excess(values[x.measure]) for x in limits.get(reason, ())
                )
                debouncer.move(-step / (TIP_OFF_NEAR_LIMIT_S if near else TIP_OFF_S))
        motion = self._motion.measure(frame, crop)
        good = not faults and motion < STEADY_BELOW and self._is_stable(frame.time, limits, values)
        self._good_s = self._good_s + step if good else 0.0
        self._choose_tip(frame.time)
        if self._tip is None:
            moving = not faults and motion >= STEADY_BELOW
            self._measured = {"motion": motion, "limit": STEADY_BELOW} if moving else {}
        elif self._tip not in limits:
            self._measured = {}
        elif self._tip in faults:
            worst = max(limits[self._tip], key=lambda limit: limit.excess(values[limit.measure]) > 0)
            self._measured = {worst.measure: values[worst.measure], "limit": worst.at}
        return Guidance(
            tip=self._tip,
            ready=self._tip is None and self._good_s >= READY_S - 1e-9,
            measured=self._measured,
            frame_number=frame.number,
            delay_s=time.monotonic() - frame.time,
            sharpness=features.sharpness,
            spot=spot,
        )

    def _is_stable(self, now: float, limits: dict[str, tuple[Limit, ...]], values: Mapping[str, float]) -> bool:
        margins = {(reason, x.measure): -x.excess(values[x.measure]) for reason in limits for x in limits[reason]}
        # Glare, overexposure and colour casts measure 0 until they are far along.
        margins |= {(LIGHT, name): values[name] for name in MAX_LIGHT_CHANGE}
        while self._margins and now - self._margins[0][0] > STABLE_S + 1e-9:
            self._margins.popleft()
        stable = all(
            abs(margin - earlier.get(key, margin)) <= _tolerance(*key, margin)
            for _, earlier in self._margins
            for key, margin in margins.items()
        )
        self._margins.append((now, margins))
        return stable

    def _choose_tip(self, now: float) -> None:
        tip = next((reason for reason in TIP_PRIORITY if self._faults[reason].on), None)
        if tip != self._tip and (self._tip is None or now - self._tip_since >= MIN_TIP_S):
            self._tip, self._tip_since = tip, now


def _tolerance(reason: str, measure: str, margin: float) -> float:
    if reason == LIGHT:
        return MAX_LIGHT_CHANGE[measure]
    return max(LIMIT_MARGINS.get(measure, 0.0), STABLE_CHANGE * abs(margin))


def _limits(features: LightingFeatures, framing: Framing) -> dict[str, tuple[Limit, ...]]:
    return {
        **limits_for(features, PREVIEW_THRESHOLDS),
        "no_skin": (Limit("skin_probability", NO_SKIN_BELOW, above=False),),
        "too_far": (Limit("skin_share", TOO_FAR_BELOW, above=False),),
    }
