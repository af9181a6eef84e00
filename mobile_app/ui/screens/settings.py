"""Settings: theme, text size, spoken tips, and links to less used screens."""

from functools import partial
from typing import TypeVar

from kivy.uix.widget import Widget

from mobile_app.settings import FONT_SCALES, THEMES
from mobile_app.ui.app import SkinApp
from mobile_app.ui.label import TextLabel
from mobile_app.ui.menu import MenuRow, OptionGroup
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column

SIZE_NAMES = ("normal", "large", "largest")
T = TypeVar("T")


def settings(app: SkinApp) -> Widget:
    """Build the screen; changes apply at once."""
    style, tr, now = app.style, app.style.tr, app.settings
    # Android's own theme is not read: on a phone the app is light unless set otherwise.
    themes, theme = (THEMES[1:], style.theme) if app.phone else (THEMES, now.theme)
    sizes = [(scale, tr(f"settings.size_{name}")) for scale, name in zip(FONT_SCALES, SIZE_NAMES, strict=True)]
    more = Column(TextLabel(style, tr("settings.more"), "heading", bold=True))
    for icon, screen, title, note in (
        ("camera", "sources", "source.title", "settings.source_note"),
        ("gauge", "benchmark", "settings.benchmark", "settings.benchmark_note"),
        ("info", "about", "settings.about", "settings.about_note"),
    ):
        more.add_widget(MenuRow(style, icon, tr(title), partial(app.push, screen), tr(note)))
    page = Page(style, tr("settings.title"), app.back)
    page.add(
        _options(app, "theme", "theme", [(name, tr(f"settings.{name}")) for name in themes], theme),
        _options(app, "text_size", "font_scale", sizes, now.font_scale),
        _speech(app),
        more,
    )
    return page


def _options(app: SkinApp, title: str, key: str, options: list[tuple[T, str]], chosen: T) -> Widget:
    def change(value: T) -> None:
        app.change_settings(**{key: value})

    return Column(
        TextLabel(app.style, app.style.tr(f"settings.{title}"), "heading", bold=True),
        OptionGroup(app.style, options, chosen, change),
    )


def _speech(app: SkinApp) -> Widget:
    style, tr, able = app.style, app.style.tr, app.voice.available
    options = [(False, tr("settings.off")), (True, tr("settings.on"))] if able else []
    column = _options(app, "speech", "spoken_tips", options, app.settings.spoken_tips)
    text = "settings.speech_text" if able else "settings.speech_missing"
    column.add_widget(TextLabel(style, tr(text), "small", "muted"))
    return column
