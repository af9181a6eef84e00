"""The answer: not a diagnosis, what it looks like, what to do next, warning signs, and the photo."""

from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.answer import WARNING_SIGNS, Answer, RankedClass
from mobile_app.answer_text import headline, light_overridden, light_text, probability_text
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.cards import demo_badge, info_card
from mobile_app.ui.label import TextLabel, text_width
from mobile_app.ui.page import Page
from mobile_app.ui.photo_view import PhotoView
from mobile_app.ui.screens.checking import tip_ids
from mobile_app.ui.screens.save_share import open_share_sheet, save_answer
from mobile_app.ui.style import is_wide, pixels
from mobile_app.ui.theme import HUGE, LARGE, MEDIUM, MIN_WIDE, TINY, URGENCY_COLORS, WIDE
from mobile_app.ui.widgets import MIDDLE, TOP, Card, Column, Icon, LevelBar, Row

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp

LARGE_PHOTO, SMALL_PHOTO = 280, 128  # dp
MAX_WIDTH = 1080  # dp, for two columns


class AnswerScreen(Page):
    """Shows one answer."""

    def __init__(self, app: "SkinApp", answer: Answer):
        style, tr = app.style, app.style.tr
        super().__init__(style, tr("answer.title"), lambda: app.reset_to("camera"), MAX_WIDTH)
        self._app, self._answer = app, answer
        buttons = (
            ("action.retake", lambda: app.reset_to("camera"), "retake", "primary"),
            ("action.save", lambda: save_answer(app, answer), "save", "quiet"),
            ("action.share", lambda: open_share_sheet(app, answer), "share", "quiet"),
        )
        self.footer([TextButton(style, tr(name), act, icon, kind, stacked=True) for name, act, icon, kind in buttons])
        self._wide: bool | None = None
        self.bind(size=self._arrange)

    def _arrange(self, *_: object) -> None:
        wide = is_wide(self.size, WIDE, MIN_WIDE)
        if wide == self._wide:
            return
        self._wide = wide
        self.column.clear_widgets()
        app, answer, style, tr = self._app, self._answer, self._app.style, self._app.style.tr
        self.add(info_card(style, "info", tr("answer.not_a_diagnosis"), tr("answer.disclaimer"), "soon_soft", "soon"))
        if answer.demo:
            badge = demo_badge(style)
            badge.pos_hint = TOP
            note = TextLabel(style, tr("app.demo_note"), "small", "muted", pos_hint=TOP)
            self.add(Row(badge, note, spacing=pixels(MEDIUM)))
        photo, signs = _photo(app, answer, wide), _signs(app)
        told = [_looks_like(app, answer, wide)]
        if answer.urgency:
            told.append(_next_step(app, answer.urgency))
        if not wide:
            self.add(photo, *told, signs)
            return
        columns = [Column(*widgets, spacing=pixels(LARGE), pos_hint=TOP) for widgets in ((photo, signs), told)]
        self.add(Row(*columns, spacing=pixels(HUGE)))


def _photo(app: "SkinApp", answer: Answer, large: bool) -> Widget:
    """The photo with its crop; in a narrow window the text is beside it, not below."""
    style, tr = app.style, app.style.tr
    text = light_text(tr, answer)
    if not light_overridden(answer):
        light: Widget = Row(
            Icon(style, "ready", 20, "accent", pos_hint=TOP), TextLabel(style, text, "small", pos_hint=TOP)
        )
    else:
        tips = [tr(f"tip.{tip}.headline") for tip in tip_ids(answer)] or [tr("answer.overruled")]
        title = Row(
            Icon(style, "soon", 20, "soon", pos_hint=TOP),
            TextLabel(style, ". ".join(tips), color_name="soon", bold=True, pos_hint=TOP),
        )
        light = Card(style, title, TextLabel(style, text, "small"), background="soon_soft", padding=pixels(MEDIUM))
    column = Column(light, TextLabel(style, tr("answer.crop"), "small", "muted"), pos_hint=TOP)
    if answer.photo is None:
        return column
    size = {"height": pixels(LARGE_PHOTO)} if large else {"size": (pixels(SMALL_PHOTO),) * 2, "size_hint_x": None}
    photo = PhotoView(style, answer.photo, answer.crop, size_hint_y=None, pos_hint=TOP, **size)
    return Column(photo, column) if large else Row(photo, column, spacing=pixels(MEDIUM))


def _looks_like(app: "SkinApp", answer: Answer, wide: bool) -> Widget:
    style, tr = app.style, app.style.tr
    title = Row(spacing=pixels(MEDIUM))
    if answer.reason:
        title.add_widget(Icon(style, "unsure", 24, "accent", pos_hint=MIDDLE))
    title.add_widget(TextLabel(style, headline(tr, answer), "heading", bold=True, pos_hint=MIDDLE))
    card = Card(style, title, border="border", spacing=pixels(MEDIUM))
    if answer.reason:
        card.add_widget(TextLabel(style, tr(f"answer.reason.{answer.reason}_text")))
        if answer.top:
            card.add_widget(TextLabel(style, tr("answer.nearest"), "small", "muted", bold=True))
    for entry in answer.top:
        card.add_widget(_ranked_class(app, entry, wide))
    return card


def _ranked_class(app: "SkinApp", entry: RankedClass, wide: bool) -> Widget:
    style, text = app.style, probability_text(app.style.tr, entry)
    name = TextLabel(style, entry.name, bold=True, pos_hint=TOP)
    number = TextLabel(style, text, "small", "muted")
    if wide:
        number.size_hint_x, number.width = None, text_width(text, "small")
    head = Row(name, number) if wide else Column(name, number, spacing=pixels(TINY))
    return Column(head, LevelBar(style, entry.probability), spacing=pixels(TINY))


def _next_step(app: "SkinApp", urgency: str) -> Widget:
    style, tr = app.style, app.style.tr
    return Column(
        TextLabel(style, tr("answer.next"), "small", "muted", bold=True),
        info_card(style, urgency, tr(f"answer.{urgency}"), tr(f"answer.{urgency}_text"), *URGENCY_COLORS[urgency]),
    )


def _signs(app: "SkinApp") -> Widget:
    style, tr = app.style, app.style.tr
    rows = (
        Row(Icon(style, "point", 20, "accent", pos_hint=TOP), TextLabel(style, tr(f"sign.{sign}"), pos_hint=TOP))
        for sign in WARNING_SIGNS
    )
    return Column(TextLabel(style, tr("answer.signs"), bold=True), *rows)
