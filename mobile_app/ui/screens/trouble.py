"""No picture from the source: what is wrong, and ways on."""

from collections.abc import Callable

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.camera_view import TROUBLE_ICONS
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.surfaces import Column, Icon
from mobile_app.ui.theme import HUGE
from mobile_app.ui.words import Words


def trouble_page(app: Controller, trouble: str, detail: str) -> Widget:
    """The source gives nothing.

    Args:
        app: the app.
        trouble: an id out of `camera_view.TROUBLES`.
        detail: the source's own words; may be empty.
    """
    say = app.look.say
    icon = TROUBLE_ICONS.get(trouble, trouble)
    page = _page(app, icon, say(f"trouble.{trouble}"), say(f"trouble.{trouble}_advice"), detail)
    page.add(
        _ways(
            app,
            (say("action.try_again"), "retake", lambda: app.use_source(app.capture.spec)),
            (say("action.other_source"), "camera", lambda: app.go("sources")),
            (say("action.open_photo"), "photo", app.open_photo),
        )
    )
    return page


def photo_trouble(app: Controller, what: str, detail: str = "") -> Widget:
    """Something cannot be used: `what` is "photo", "clipboard" (what was pasted), "source" or "model"."""
    say = app.look.say
    page = _page(app, "unreadable", say(f"trouble.{what}"), say(f"trouble.{what}_advice"), detail, app.back)
    page.add(
        _ways(
            app,
            (say("action.open_photo"), "photo", app.open_photo),
            (say("action.other_source"), "folder", lambda: app.go("sources")),
            (say("action.to_camera"), "camera", lambda: app.restart("camera")),
        )
    )
    return page


def _page(
    app: Controller, icon: str, title: str, advice: str, detail: str, back: Callable[[], None] | None = None
) -> Page:
    look, say = app.look, app.look.say
    page = Page(look, "", back)
    head = Column(padding=(0, pixels(HUGE), 0, 0))
    head.add_widget(Icon(look, icon, 56, "accent", pos_hint={"x": 0}))
    head.add_widget(Words(look, title, "title", bold=True))
    head.add_widget(Words(look, advice))
    page.add(head)
    if detail:
        words = Column(spacing=0)
        words.add_widget(Words(look, say("trouble.details"), "small", "muted", bold=True))
        words.add_widget(Words(look, detail, "small", "muted"))
        page.add(words)
    return page


def _ways(app: Controller, *ways: tuple[str, str, Callable[[], None]]) -> Column:
    column = Column()
    for number, (text, icon, action) in enumerate(ways):
        column.add_widget(TextButton(app.look, text, action, icon, "quiet" if number else "primary"))
    return column
