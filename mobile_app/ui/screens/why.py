"""The "Why?" sheet: what was measured, and from which value it would be good."""

from collections.abc import Callable

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_messages import CameraMessage, Measure
from mobile_app.ui.cards import icon_title
from mobile_app.ui.label import TextLabel
from mobile_app.ui.style import Style
from mobile_app.ui.widgets import Bar, Row


def why_sheet(style: Style, message: CameraMessage, measure: Measure, close: Callable[[], object]) -> list[Widget]:
    """Return the content of the sheet for a tip and the measure behind it."""
    tr = style.tr
    value, limit = (tr(measure.unit, value=number).replace("-", "−") for number in (measure.value, measure.limit))
    limits = tr("why.at_least" if measure.higher_is_better else "why.at_most", value=value, limit=limit)
    return [
        TextLabel(style, tr("why.title"), "small", "muted", bold=True),
        icon_title(style, message.icon, tr(message.headline)),
        TextLabel(style, tr(f"why.{measure.name}")),
        *_gauge(style, message, measure),
        TextLabel(style, tr("trouble.details"), "small", "muted", bold=True),
        TextLabel(style, limits, "small", "muted"),
        TextLabel(style, tr("why.method"), "small", "muted"),
        TextButton(style, tr("action.close"), close, kind="quiet"),
    ]


def _gauge(style: Style, message: CameraMessage, measure: Measure) -> tuple[Widget, Widget]:
    """Return where the measure stands between bad and good, and the names of the zones."""
    tr = style.tr
    distance = (measure.value - measure.limit) / (abs(measure.limit) or 1.0)
    if not measure.higher_is_better:
        distance = -distance
    # -1 is as far from the limit as the limit from 0; beyond it nothing changes for a person.
    depth = min(1.0, max(0.0, -distance))
    zones = [message.headline, "why.good"]
    if message.icon in ("too_dark", "too_bright"):
        zones = ["tip.too_dark.headline", "why.good", "tip.too_bright.headline"]
        good, position = (1 / 3, 2 / 3), (1 - depth) / 3 if message.icon == "too_dark" else (2 + depth) / 3
    elif measure.higher_is_better:
        good, position = (0.5, 1.0), (1 - depth) / 2
    else:
        zones.reverse()
        good, position = (0.0, 0.5), (1 + depth) / 2
    names = Row(*(TextLabel(style, tr(zone), "small", align="center") for zone in zones))
    return Bar(style, good, position), names
