"""Pieces that several screens share: titled cards, sheets, fact lists, the DEMO badge."""

from contextlib import suppress
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app.ui.app import SkinApp
from mobile_app.ui.buttons import Action, action_buttons
from mobile_app.ui.label import TextLabel, text_width
from mobile_app.ui.style import Style, pixels
from mobile_app.ui.theme import LARGE, MEDIUM, SMALL
from mobile_app.ui.widgets import MIDDLE, Card, Column, Icon, Row, paint_background


def icon_title(
    style: Style, icon: str, text: str, size: str = "title", icon_color: str = "accent", color_name: str = "text"
) -> Row:
    """Return a heading with an icon before it."""
    return Row(
        Icon(style, icon, 28 if size == "title" else 24, icon_color, pos_hint=MIDDLE),
        TextLabel(style, text, size, color_name, bold=True, pos_hint=MIDDLE),
        spacing=pixels(MEDIUM),
    )


def open_message(app: SkinApp, icon: str, title: str, text: str, *actions: Action, close: str = "action.close") -> None:
    """Open a sheet with a title, a text, and buttons; `close` is the text id of the last one."""
    style = app.style
    told = [TextLabel(style, text)] if text else []
    buttons = action_buttons(style, *actions, (close, None, app.root.close_sheet))
    app.root.open_sheet(style, icon_title(style, icon, title), *told, *buttons)


def info_card(
    style: Style,
    icon: str,
    title: str,
    text: str,
    background: str = "surface",
    color_name: str = "accent",
    more: tuple[Widget, ...] = (),
) -> Card:
    """Return a card with icon, title and text."""
    plain = background == "surface"
    heading = icon_title(style, icon, title, "heading", color_name, "text" if plain else color_name)
    border = "border" if plain else color_name
    return Card(style, heading, TextLabel(style, text), *more, background=background, border=border)


def fact_list(style: Style, facts: list[tuple[str, str]]) -> Column:
    """Return names with their values below them."""
    pairs = (
        Column(TextLabel(style, name, "small", "muted"), TextLabel(style, value), spacing=0) for name, value in facts
    )
    return Column(*pairs, spacing=pixels(MEDIUM))


def demo_badge(style: Style) -> Widget:
    """Return the word DEMO on its own background."""
    text = style.tr("app.demo")
    label = TextLabel(style, text, "small", "soon", bold=True, align="center", pos_hint=MIDDLE, size_hint_x=None)
    label.width = text_width(text, "small", True) + pixels(LARGE)
    paint_background(label, style, "soon_soft", SMALL)
    return label


def display_path(path: Path) -> str:
    """Return a path with the home folder as `~`."""
    with suppress(ValueError, RuntimeError):
        inside = path.relative_to(Path.home()).as_posix()
        return "~" if inside == "." else f"~/{inside}"
    return str(path)
