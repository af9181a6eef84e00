"""The "Why?" sheet: what was measured, and from which value it would be good."""

from collections.abc import Callable

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_messages import CameraMessage, Measure
from mobile_app.ui.cards import fact_list, icon_title
from mobile_app.ui.label import TextLabel
from mobile_app.ui.style import Style


def why_sheet(style: Style, message: CameraMessage, measure: Measure, close: Callable[[], object]) -> list[Widget]:
    """Return the content of the sheet.

    Args:
        style: theme and texts.
        message: the tip.
        measure: the measure behind it.
        close: closes the sheet.
    """
    tr = style.tr

    def number(value: float) -> str:
        return tr(measure.unit, value=value).replace("-", "−")

    limit = tr("why.at_least" if measure.higher_is_better else "why.at_most")
    return [
        TextLabel(style, tr("why.title"), "small", "muted", bold=True),
        icon_title(style, message.icon, tr(message.headline)),
        TextLabel(style, tr(f"why.{measure.name}")),
        fact_list(style, [(tr("why.measured"), number(measure.value)), (limit, number(measure.limit))]),
        TextLabel(style, tr("why.method"), "small", "muted"),
        TextButton(style, tr("action.close"), close, kind="quiet"),
    ]
