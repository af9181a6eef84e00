"""What the camera's screen says, by what is known: one thing at a time. Ids only, no Kivy."""

from dataclasses import dataclass

from mobile_app.guidance import Guidance
from mobile_app.live import LiveState

AT_LEAST = ("exposure", "sharpness", "coarse_sharpness", "skin_share")
"""Measures that are good from their limit on; the others are good up to it."""
UNITS = {
    "exposure": "why.stops",
    "unevenness": "why.stops",
    "colour_cast": "why.stops",
    "saturated": "why.percent",
    "clipped": "why.percent",
    "skin_share": "why.percent",
    "specular": "why.percent_fine",
    "sharpness": "why.ratio",
    "coarse_sharpness": "why.ratio",
}
"""Measure -> id of the text that writes its value."""


@dataclass(frozen=True)
class Panel:
    """What stands beside the picture.

    Attributes:
        icon: name of the icon.
        headline: id of the text.
        advice: id of the text.
        ready: the calm state.
        explained: "Why?" has an answer.
    """

    icon: str
    headline: str
    advice: str
    ready: bool = False
    explained: bool = False


LOOKING = Panel("hold", "camera.looking", "camera.looking_advice")
HOLD_STILL = Panel("hold", "camera.hold_still", "camera.hold_still_advice")
READY = Panel("ready", "camera.ready", "camera.ready_advice", ready=True)
STARTING = Panel("camera", "camera.starting", "camera.starting_advice")
TROUBLES = ("absent", "busy", "denied", "unplugged", "unreadable", "failed", "ended")
TROUBLE_ICONS = {"failed": "absent"}
"""States without an icon of their own."""


def panel_for(state: LiveState) -> Panel:
    """The panel for a state of a source that gives frames or is about to."""
    guidance = state.guidance
    if state.status in ("starting", "paused"):
        return STARTING
    if guidance is None:
        return LOOKING
    if guidance.ready:
        return READY
    if guidance.tip is None:
        return HOLD_STILL
    tip = guidance.tip
    return Panel(tip, f"tip.{tip}.headline", f"tip.{tip}.advice", explained=measure_of(guidance) is not None)


def trouble_of(state: LiveState) -> str | None:
    """Why there is no picture, an id out of `TROUBLES`; None when there is one or will be at once."""
    if state.status in ("running", "starting", "paused"):
        return None
    return state.status if state.status in TROUBLES else "failed"


@dataclass(frozen=True)
class Measure:
    """Why a tip is given: a measured value and where good begins or ends.

    Attributes:
        name: of the measure.
        value: measured.
        limit: the value from which it would be good.
        at_least: good is from the limit on; else up to it.
        unit: id of the text that writes a value.
    """

    name: str
    value: float
    limit: float
    at_least: bool
    unit: str


def measure_of(guidance: Guidance | None) -> Measure | None:
    """The measure that decided; None when there is none that can be explained."""
    measured = guidance.measured if guidance else {}
    name = next((name for name in measured if name in UNITS), None)
    if name is None or "limit" not in measured:
        return None
    return Measure(name, measured[name], measured["limit"], name in AT_LEAST, UNITS[name])
