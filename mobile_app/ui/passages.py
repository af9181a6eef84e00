"""Pieces of text that several screens show."""

from contextlib import suppress
from pathlib import Path

from kivy.uix.widget import Widget

from mobile_app.ui.look import Look, pixels
from mobile_app.ui.surfaces import Card, Column, Icon, Row, paint
from mobile_app.ui.theme import LARGE, MEDIUM, SMALL, TINY
from mobile_app.ui.words import Words, natural_width


def passage(
    look: Look,
    icon: str,
    title: str,
    text: str,
    ground: str = "surface",
    tone: str = "accent",
    title_size: str = "heading",
    more: tuple[Widget, ...] = (),
) -> Card:
    """A card with an icon, a title and a text; on a white ground it has a hairline around it."""
    card = Card(look, ground, "line" if ground == "surface" else None)
    row = Row(spacing=pixels(MEDIUM))
    row.add_widget(Icon(look, icon, 24, tone, pos_hint={"top": 1}))
    words = Column(spacing=pixels(TINY), pos_hint={"top": 1})
    words.add_widget(Words(look, title, title_size, tone if ground != "surface" else "text", bold=True))
    if text:
        words.add_widget(Words(look, text))
    for widget in more:
        words.add_widget(widget)
    row.add_widget(words)
    card.add_widget(row)
    return card


def facts(look: Look, lines: list[tuple[str, str]]) -> Column:
    """What and how much, line by line: the name above its value, so that both may be long."""
    column = Column(spacing=pixels(MEDIUM))
    for name, value in lines:
        pair = Column(spacing=0)
        pair.add_widget(Words(look, name, "small", "muted"))
        pair.add_widget(Words(look, value))
        column.add_widget(pair)
    return column


def demo_badge(look: Look) -> Widget:
    """The word DEMO on a ground of its own."""
    text = look.say("app.demo")
    words = Words(look, text, "small", "soon", bold=True, align="center", pos_hint={"center_y": 0.5}, size_hint_x=None)
    words.width = natural_width(text, "small", True) + pixels(LARGE)
    paint(words, look, "soon_soft", SMALL)
    return words


def path_text(path: Path) -> str:
    """A path with the user's own folder as `~`."""
    with suppress(ValueError, RuntimeError):
        inside = path.relative_to(Path.home()).as_posix()
        return "~" if inside == "." else f"~/{inside}"
    return str(path)
