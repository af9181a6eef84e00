"""Why a tip is given: what was measured, and from where on it would be good."""

from collections.abc import Callable

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_view import Measure, Panel
from mobile_app.ui.look import Look, pixels
from mobile_app.ui.passages import facts
from mobile_app.ui.surfaces import Icon, Row
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.words import Words


def why_sheet(look: Look, panel: Panel, measure: Measure, close: Callable[[], object]) -> list[Widget]:
    """What the sheet shows.

    Args:
        look: theme and words.
        panel: the tip.
        measure: what decided.
        close: takes the sheet away.
    """
    say = look.say
    title = Row(spacing=pixels(MEDIUM))
    title.add_widget(Icon(look, panel.icon, 28, "accent", pos_hint={"center_y": 0.5}))
    title.add_widget(Words(look, say(panel.headline), "title", bold=True, pos_hint={"center_y": 0.5}))
    limit = say("why.at_least" if measure.at_least else "why.at_most")
    return [
        Words(look, say("why.title"), "small", "muted", bold=True),
        title,
        Words(look, say(f"why.{measure.name}")),
        facts(
            look,
            [
                (say("why.measured"), _number(look, measure.unit, measure.value)),
                (limit, _number(look, measure.unit, measure.limit)),
            ],
        ),
        Words(look, say("why.method"), "small", "muted"),
        TextButton(look, say("action.close"), close, kind="quiet"),
    ]


def _number(look: Look, unit: str, value: float) -> str:
    return look.say(unit, value=value).replace("-", "−")
