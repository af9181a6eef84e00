"""The answer: that it is no diagnosis, what it looks most like, what to do next, and the photo it is about."""

from kivy.uix.widget import Widget

from mobile_app.answer import Answer, Likeness
from mobile_app.ui.bar import Bar
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import is_wide, pixels
from mobile_app.ui.page import Page
from mobile_app.ui.passages import demo_badge, passage
from mobile_app.ui.photo_view import PhotoView
from mobile_app.ui.screens.checking import tip_ids
from mobile_app.ui.screens.keep import keep, share_sheet
from mobile_app.ui.surfaces import Card, Column, Icon, Row
from mobile_app.ui.theme import GROUNDS, HUGE, LARGE, LEAST_WIDE, MEDIUM, TINY, WIDE
from mobile_app.ui.words import Words, natural_width
from mobile_app.wording import headline, light_line, likeness, overruled

LARGE_PHOTO, SMALL_PHOTO = 280, 128  # dp
WIDEST = 1080  # dp, for two columns


class AnswerScreen(Page):
    """Shows one answer."""

    def __init__(self, app: Controller, answer: Answer):
        super().__init__(app.look, app.look.say("answer.title"), lambda: app.restart("camera"), WIDEST)
        self._app, self._answer = app, answer
        say = app.look.say
        buttons = (
            ("action.retake", lambda: app.restart("camera"), "retake", "primary"),
            ("action.save", lambda: keep(app, answer), "save", "quiet"),
            ("action.share", lambda: share_sheet(app, answer), "share", "quiet"),
        )
        self.footer(
            [TextButton(app.look, say(name), act, icon, kind, stacked=True) for name, act, icon, kind in buttons]
        )
        self._wide: bool | None = None
        self.bind(size=self._arrange)

    def _arrange(self, *_: object) -> None:
        wide = is_wide(self.size, WIDE, LEAST_WIDE)
        if wide == self._wide:
            return
        self._wide = wide
        self.column.clear_widgets()
        app, answer, look, say = self._app, self._answer, self._app.look, self._app.look.say
        self.add(passage(look, "info", say("answer.not_a_diagnosis"), say("answer.disclaimer"), "soon_soft", "soon"))
        if answer.demo:
            self.add(_demo_line(app))
        photo, signs = _photo(app, answer, wide), _signs(app, answer)
        answers = (_looks_like(app, answer, wide), _next_step(app, answer))
        if not wide:
            self.add(photo, *answers, signs)
            return
        columns = Row(spacing=pixels(HUGE))
        for widgets in ((photo, signs), answers):
            column = Column(spacing=pixels(LARGE), pos_hint={"top": 1})
            for widget in widgets:
                column.add_widget(widget)
            columns.add_widget(column)
        self.add(columns)


def _demo_line(app: Controller) -> Widget:
    row = Row(spacing=pixels(MEDIUM))
    badge = demo_badge(app.look)
    badge.pos_hint = {"top": 1}
    row.add_widget(badge)
    row.add_widget(Words(app.look, app.look.say("app.demo_note"), "small", "muted", pos_hint={"top": 1}))
    return row


def _photo(app: Controller, answer: Answer, large: bool) -> Widget:
    """The photo with what the model saw of it; in a narrow window the words stand beside it and not below."""
    look, say = app.look, app.look.say
    words = Column(pos_hint={"top": 1})
    if not overruled(answer):
        row = Row()
        row.add_widget(Icon(look, "ready", 20, "accent", pos_hint={"top": 1}))
        row.add_widget(Words(look, light_line(say, answer), "small", pos_hint={"top": 1}))
        words.add_widget(row)
    else:
        tips = [say(f"tip.{tip}.headline") for tip in tip_ids(answer)] or [say("answer.overruled")]
        note = Card(look, "soon_soft", padding=pixels(MEDIUM))
        title = Row()
        title.add_widget(Icon(look, "soon", 20, "soon", pos_hint={"top": 1}))
        title.add_widget(Words(look, ". ".join(tips), tone="soon", bold=True, pos_hint={"top": 1}))
        note.add_widget(title)
        note.add_widget(Words(look, light_line(say, answer), "small"))
        words.add_widget(note)
    words.add_widget(Words(look, say("answer.crop"), "small", "muted"))
    if answer.photo is None:
        return words
    box = Column() if large else Row(spacing=pixels(MEDIUM))
    size = {"height": pixels(LARGE_PHOTO)} if large else {"size": (pixels(SMALL_PHOTO),) * 2, "size_hint_x": None}
    box.add_widget(PhotoView(look, answer.photo, answer.crop, size_hint_y=None, pos_hint={"top": 1}, **size))
    box.add_widget(words)
    return box


def _looks_like(app: Controller, answer: Answer, wide: bool) -> Widget:
    look, say = app.look, app.look.say
    card = Card(look, border="line", spacing=pixels(MEDIUM))
    title = Row(spacing=pixels(MEDIUM))
    if answer.cannot_tell:
        title.add_widget(Icon(look, "unsure", 24, "accent", pos_hint={"center_y": 0.5}))
    title.add_widget(Words(look, headline(say, answer), "heading", bold=True, pos_hint={"center_y": 0.5}))
    card.add_widget(title)
    if answer.cannot_tell:
        card.add_widget(Words(look, say(f"answer.cannot_tell_{answer.cannot_tell_why}")))
        if answer.top:
            card.add_widget(Words(look, say("answer.nearest"), "small", "muted", bold=True))
    for like in answer.top:
        card.add_widget(_like(app, like, wide))
    return card


def _like(app: Controller, like: Likeness, wide: bool) -> Widget:
    look, text = app.look, likeness(app.look.say, like)
    column = Column(spacing=pixels(TINY))
    head = Row() if wide else Column(spacing=pixels(TINY))
    head.add_widget(Words(look, like.name, bold=True, pos_hint={"top": 1}))
    number = Words(look, text, "small", "muted")
    if wide:
        number.size_hint_x, number.width = None, natural_width(text, "small")
    head.add_widget(number)
    for widget in (head, Bar(look, like.probability)):
        column.add_widget(widget)
    return column


def _next_step(app: Controller, answer: Answer) -> Widget:
    look, say = app.look, app.look.say
    urgency = answer.urgency
    column = Column()
    column.add_widget(Words(look, say("answer.next"), "small", "muted", bold=True))
    column.add_widget(
        passage(look, urgency, say(f"answer.{urgency}"), say(f"answer.{urgency}_text"), *GROUNDS[urgency])
    )
    return column


def _signs(app: Controller, answer: Answer) -> Widget:
    look, say = app.look, app.look.say
    column = Column()
    column.add_widget(Words(look, say("answer.signs"), bold=True))
    for sign in answer.warning_signs:
        row = Row()
        row.add_widget(Icon(look, "point", 20, "accent", pos_hint={"top": 1}))
        row.add_widget(Words(look, say(f"sign.{sign}"), pos_hint={"top": 1}))
        column.add_widget(row)
    return column
