"""What the camera screen says in each state, one message at a time. Text ids only, no Kivy."""

from dataclasses import dataclass
from typing import NamedTuple

from mobile_app.guidance import Guidance
from mobile_app.live_session import LiveState

HIGHER_IS_BETTER = ("exposure", "sharpness", "coarse_sharpness", "skin_share", "skin_probability")
UNITS = {
    "exposure": "why.stops",
    "unevenness": "why.stops",
    "colour_cast": "why.stops",
    "saturated": "why.percent",
    "clipped": "why.percent",
    "skin_share": "why.percent",
    "skin_probability": "why.percent",
    "specular": "why.percent_fine",
    "sharpness": "why.ratio",
    "coarse_sharpness": "why.ratio",
}
"""Measure -> id of the text that formats its value."""


@dataclass(frozen=True)
class CameraMessage:
    """The message beside the preview: icon, text ids, whether the picture can be taken and "Why?" be answered."""

    icon: str
    headline: str
    advice: str
    ready: bool = False
    explained: bool = False


LOOKING = CameraMessage("hold", "camera.looking", "camera.looking_advice")
HOLD_STILL = CameraMessage("hold", "camera.hold_still", "camera.hold_still_advice")
READY = CameraMessage("ready", "camera.ready", "camera.ready_advice", ready=True)
READY_PHOTO = CameraMessage("ready", "camera.ready_photo", "camera.ready_photo_advice", ready=True)
STARTING = CameraMessage("camera", "camera.starting", "camera.starting_advice")
TROUBLES = ("absent", "busy", "denied", "unplugged", "unreadable", "failed", "ended")


def message_for(state: LiveState, live: bool = True) -> CameraMessage:
    """Return the message for a source that has frames or is about to; `live` as of `FrameSource`."""
    guidance = state.guidance
    if state.status in ("starting", "paused"):
        return STARTING
    if guidance is None:
        return LOOKING
    if guidance.ready:
        return READY if live else READY_PHOTO
    if guidance.tip is None:
        return HOLD_STILL if live and "motion" in guidance.measured else LOOKING
    tip = guidance.tip
    explained = deciding_measure(guidance) is not None
    return CameraMessage(tip, f"tip.{tip}.headline", f"tip.{tip}.advice", explained=explained)


def trouble_of(state: LiveState) -> str | None:
    """Return why there are no frames, one of `TROUBLES`; None if there are or will be."""
    if state.status in ("running", "starting", "paused"):
        return None
    return state.status if state.status in TROUBLES else "failed"


class Measure(NamedTuple):
    """A measured value and the limit it crossed; `unit` is the id of the text that formats both."""

    name: str
    value: float
    limit: float
    higher_is_better: bool
    unit: str


def deciding_measure(guidance: Guidance | None) -> Measure | None:
    """Return the measure behind a tip; None if there is none that can be explained."""
    measured = guidance.measured if guidance else {}
    name = next((name for name in measured if name in UNITS), None)
    if name is None or "limit" not in measured:
        return None
    return Measure(name, measured[name], measured["limit"], name in HIGHER_IS_BETTER, UNITS[name])
