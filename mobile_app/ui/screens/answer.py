"""The answer: what to do, what it looks like, the photo, and warning signs."""

from functools import partial
from typing import Any

from kivy.uix.widget import Widget

from mobile_app.answer import SIGNS_AT_ONCE, WARNING_SIGNS, Answer, RankedClass
from mobile_app.answer_text import (
    also_text,
    changed_texts,
    file_text,
    headline,
    light_overridden,
    light_text,
    probability_text,
)
from mobile_app.ui.app import SkinApp
from mobile_app.ui.cards import demo_badge, info_card, open_message
from mobile_app.ui.label import TextLabel, text_width
from mobile_app.ui.menu import MenuRow
from mobile_app.ui.page import Page
from mobile_app.ui.photo_view import photo_view
from mobile_app.ui.screens.checking import tip_ids
from mobile_app.ui.screens.save_share import open_share_sheet, save_answer
from mobile_app.ui.style import pixels
from mobile_app.ui.theme import HUGE, LARGE, MEDIUM, MIN_WIDE, SMALL, TINY, URGENCY_COLORS
from mobile_app.ui.widgets import TOP, Bar, Card, Column, Icon, Row
from triage.case import MAX_PHOTOS

LARGE_PHOTO, SMALL_PHOTO = 280, 128  # dp
MAX_WIDTH = 1080  # dp, for two columns
REASON_ICONS = {"no_skin": "no_skin", "synthetic_model": "info"}
NO_ANSWER = ("soon_soft", "soon")


class AnswerScreen(Page):
    """Shows one answer; its `action_card` says what to do, or why there is no answer."""

    def __init__(self, app: SkinApp, answer: Answer):
        super().__init__(app.style, app.style.tr("answer.title"), lambda: app.reset_to("camera"), MAX_WIDTH)
        self._app, self._answer = app, answer
        self.action_card: Widget | None = None
        self._wide: bool | None = None
        self.bind(size=self._arrange)

    def _arrange(self, *_: object) -> None:
        wide = self.width > self.height
        if wide == self._wide:
            return
        self._wide = wide
        self.column.clear_widgets()
        app, answer = self._app, self._answer
        self.action_card = _action(app, answer)
        told = [_disclaimer(app)]
        if answer.unchecked:
            texts = app.style.tr("answer.unchecked"), app.style.tr("answer.unchecked_text")
            told.insert(0, info_card(app.style, "unsure", *texts, *NO_ANSWER))
        if answer.demo:
            told.append(_demo_note(app))
        if answer.top or answer.reason == "unsure":
            told.append(_looks_like(app, answer, self.width >= pixels(MIN_WIDE)))
        if answer.given:
            told.append(_changed(app, answer))
        told += _more_evidence(app, answer)
        more = [_photo(app, answer, wide), _signs(app)]
        columns = (Column(*widgets, spacing=pixels(LARGE), pos_hint=TOP) for widgets in (told, more))
        self.add(self.action_card, *([Row(*columns, spacing=pixels(HUGE))] if wide else told + more))
        self.footer(
            ("action.retake", "retake", lambda: app.reset_to("camera")),
            ("action.save", "save", lambda: save_answer(app, answer)),
            ("action.share", "share", lambda: open_share_sheet(app, answer)),
            stacked=not wide,  # a phone on its side has no room above the card
        )


def _action(app: SkinApp, answer: Answer) -> Widget:
    """What to do and how soon; where nothing is named, why."""
    style, tr = app.style, app.style.tr
    if answer.urgency:
        name, icon, colors = f"answer.{answer.urgency}", answer.urgency, URGENCY_COLORS[answer.urgency]
    else:
        name, icon, colors = f"answer.reason.{answer.reason}", REASON_ICONS.get(str(answer.reason), "unsure"), NO_ANSWER
    return info_card(style, icon, tr(name), tr(f"{name}_text"), *colors)


def _disclaimer(app: SkinApp) -> Widget:
    """One line, with more behind it."""
    title, text = app.style.tr("answer.not_a_diagnosis"), app.style.tr("answer.disclaimer")
    return MenuRow(app.style, "info", title, lambda: open_message(app, "info", title, text), lines=1)


def _demo_note(app: SkinApp) -> Widget:
    style = app.style
    badge = demo_badge(style)
    badge.pos_hint = TOP
    return Row(
        badge, TextLabel(style, style.tr("app.demo_note"), "small", "muted", pos_hint=TOP), spacing=pixels(MEDIUM)
    )


def _photo(app: SkinApp, answer: Answer, large: bool) -> Widget:
    """The photo with its crop; in a narrow window the text is beside it, not below."""
    style, tr = app.style, app.style.tr
    text = light_text(tr, answer)
    light: Widget = _item(app, "ready", text, size="small")
    if light_overridden(answer):
        tips = [tr(f"tip.{tip}.headline") for tip in tip_ids(answer)] or [tr("answer.overruled")]
        title = _item(app, "soon", ". ".join(tips), "soon", color_name="soon", bold=True)
        light = Card(style, title, TextLabel(style, text, "small"), background="soon_soft", padding=pixels(MEDIUM))
    notes = [TextLabel(style, note, "small", "muted") for note in (file_text(tr, answer), tr("answer.crop")) if note]
    column = Column(light, *notes, pos_hint=TOP)
    if answer.photo is None:
        return column
    photo = photo_view(answer, pixels(LARGE_PHOTO)) if large else photo_view(answer, *(pixels(SMALL_PHOTO),) * 2)
    return Column(photo, column) if large else Row(photo, column, spacing=pixels(MEDIUM))


def _looks_like(app: SkinApp, answer: Answer, wide: bool) -> Widget:
    style, tr = app.style, app.style.tr
    title = TextLabel(style, headline(tr, answer), "heading", bold=True)
    card = Card(style, title, border="border", spacing=pixels(MEDIUM))
    if answer.reason:
        card.add_widget(TextLabel(style, tr(f"answer.reason.{answer.reason}_text")))
        if answer.top:
            card.add_widget(TextLabel(style, tr("answer.nearest"), "small", "muted", bold=True))
    for entry in answer.rows:
        card.add_widget(_ranked_class(app, entry, wide))
    if also := also_text(tr, answer):
        card.add_widget(TextLabel(style, also, "small"))
    return card


def _changed(app: SkinApp, answer: Answer) -> Widget:
    """What the person's answers changed."""
    style, tr = app.style, app.style.tr
    title = TextLabel(style, tr("changed.title"), "heading", bold=True)
    lines = (TextLabel(style, text, "small") for text in changed_texts(tr, answer))
    return Card(style, title, *lines, border="border", spacing=pixels(SMALL))


def _more_evidence(app: SkinApp, answer: Answer) -> list[Widget]:
    """Rows that lead to another photo of the spot, and to the questions."""
    style, tr, rows, card = app.style, app.style.tr, [], app.classifier.card
    if answer.takes_photo:
        note = tr("spot.photos", count=len(answer.parts) or 1, most=MAX_PHOTOS)
        if any(part.urgency is None for part in answer.parts):
            note += f" {tr('spot.left_out')}"
        rows.append(MenuRow(style, "camera", tr("spot.add"), lambda: app.add_photo(answer), note))
    if answer.urgency and card and "answers" in card:
        ask = partial(app.push, "questions", answer=answer)
        rows.append(MenuRow(style, "info", tr("questions.change"), ask))
    return rows


def _ranked_class(app: SkinApp, entry: RankedClass, wide: bool) -> Widget:
    style, text = app.style, probability_text(app.style.tr, entry)
    name = TextLabel(style, entry.name, bold=True, pos_hint=TOP)
    number = TextLabel(style, text, "small", "muted")
    if wide:
        number.size_hint_x, number.width = None, text_width(text, "small")
    head = Row(name, number) if wide else Column(name, number, spacing=pixels(TINY))
    return Column(head, Bar(style, (0.0, entry.probability)), spacing=pixels(TINY))


def _signs(app: SkinApp) -> Widget:
    style, tr = app.style, app.style.tr
    parts: list[Widget] = []
    for title, signs in (("answer.signs_at_once", SIGNS_AT_ONCE), ("answer.signs", WARNING_SIGNS)):
        parts.append(TextLabel(style, tr(title), bold=True))
        parts += [_item(app, "point", tr(f"sign.{sign}")) for sign in signs]
    return Column(*parts)


def _item(app: SkinApp, icon: str, text: str, icon_color: str = "accent", **options: Any) -> Row:
    first = Icon(app.style, icon, 20, icon_color, pos_hint=TOP)
    return Row(first, TextLabel(app.style, text, pos_hint=TOP, **options))
