"""The keyboard's way through a screen: Tab goes round what can be pressed, Enter and Space press it."""

from collections.abc import Iterator

from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import Pressable


def pressables(root: Widget) -> list[Pressable]:
    """What can be pressed, in the order in which it was added."""
    return list(_walk(root))


def _walk(widget: Widget) -> Iterator[Pressable]:
    if isinstance(widget, Pressable) and not widget.disabled:
        yield widget
    for child in reversed(widget.children):  # Kivy keeps the last added first
        yield from _walk(child)


def focused(root: Widget) -> Pressable | None:
    """The widget that the keyboard is on."""
    return next((widget for widget in pressables(root) if widget.focused), None)


def move_focus(root: Widget, step: int) -> None:
    """Go to the next widget (or back with step -1), round the ends, and scroll it into view."""
    widgets = pressables(root)
    if not widgets:
        return
    now = next((number for number, widget in enumerate(widgets) if widget.focused), None)
    if now is None:
        chosen = widgets[0 if step > 0 else -1]
    else:
        widgets[now].focused = False
        chosen = widgets[(now + step) % len(widgets)]
    chosen.focused = True
    parent = chosen.parent
    while parent is not None and parent is not parent.parent:
        if isinstance(parent, ScrollView):
            parent.scroll_to(chosen, padding=20, animate=False)
            break
        parent = parent.parent


def refocus(root: Widget, called: str) -> None:
    """Put the ring on what is called so, where a screen has been made anew; nowhere if that is gone."""
    for widget in pressables(root):
        if widget.called == called:
            widget.focused = True
            return


def press_focused(root: Widget) -> bool:
    """Press what the keyboard is on; False when it is on nothing."""
    chosen = focused(root)
    if chosen is None:
        return False
    chosen.trigger_action(0.1)
    return True
