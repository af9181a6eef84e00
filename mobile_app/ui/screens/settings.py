"""Theme, text size, spoken tips, and the way to what is used less often."""

from kivy.uix.widget import Widget

from mobile_app.settings import FONT_SCALES, THEMES
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.rows import Choice, LinkRow
from mobile_app.ui.surfaces import Column
from mobile_app.ui.theme import SMALL
from mobile_app.ui.words import Words

SIZE_NAMES = ("normal", "large", "largest")


def settings(app: Controller) -> Widget:
    """Change settings; they hold at once."""
    look, say, now = app.look, app.look.say, app.settings
    page = Page(look, say("settings.title"), app.back)
    page.add(
        _theme(app),
        _group(
            app,
            "text_size",
            [(scale, say(f"settings.size_{name}")) for scale, name in zip(FONT_SCALES, SIZE_NAMES, strict=True)],
            now.font_scale,
            "font_scale",
        ),
        _speech(app),
    )
    more = Column()
    more.add_widget(Words(look, say("settings.more"), "heading", bold=True))
    for icon, screen, title, note in (
        ("camera", "sources", "source.title", "settings.source_note"),
        ("gauge", "benchmark", "settings.benchmark", "settings.benchmark_note"),
        ("info", "about", "settings.about", "settings.about_note"),
    ):
        more.add_widget(LinkRow(look, icon, say(title), lambda screen=screen: app.go(screen), say(note)))
    page.add(more)
    return page


def _theme(app: Controller) -> Widget:
    # Android's own preference is not read: a phone is light unless it is told otherwise.
    names, chosen = (THEMES[1:], app.look.theme) if app.phone else (THEMES, app.settings.theme)
    return _group(app, "theme", [(name, app.look.say(f"settings.{name}")) for name in names], chosen)


def _group(app: Controller, title: str, options: list, chosen: object, key: str = "") -> Widget:
    column = Column(spacing=pixels(SMALL))
    column.add_widget(Words(app.look, app.look.say(f"settings.{title}"), "heading", bold=True))
    column.add_widget(Choice(app.look, options, chosen, lambda value: app.change(**{key or title: value})))
    return column


def _speech(app: Controller) -> Widget:
    look, say = app.look, app.look.say
    if not app.speech.available:
        column = Column(spacing=pixels(SMALL))
        column.add_widget(Words(look, say("settings.speech"), "heading", bold=True))
        column.add_widget(Words(look, say("settings.speech_missing"), tone="muted"))
        return column
    options = [(False, say("settings.off")), (True, say("settings.on"))]
    column = _group(app, "speech", options, app.settings.spoken_tips, "spoken_tips")
    column.add_widget(Words(look, say("settings.speech_text"), "small", "muted"))
    return column
