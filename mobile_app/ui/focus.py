"""Keyboard focus: Tab moves it through a screen, Enter and Space press."""

from kivy.uix.scrollview import ScrollView
from kivy.uix.widget import Widget

from mobile_app.ui.buttons import Pressable


def pressables(root: Widget) -> list[Pressable]:
    """Return what can be pressed, in the order it was added."""
    found = [root] if isinstance(root, Pressable) and not root.disabled else []
    for child in reversed(root.children):  # Kivy keeps the last added first
        found += pressables(child)
    return found


def focused(root: Widget) -> Pressable | None:
    """Return the widget that has the focus."""
    return next((widget for widget in pressables(root) if widget.focused), None)


def move_focus(root: Widget, step: int) -> None:
    """Move the focus forward (1) or back (-1), wrapping around, and scroll it into view."""
    widgets = pressables(root)
    if not widgets:
        return
    current = next((number for number, widget in enumerate(widgets) if widget.focused), None)
    if current is None:
        chosen = widgets[0 if step > 0 else -1]
    else:
        widgets[current].focused = False
        chosen = widgets[(current + step) % len(widgets)]
    chosen.focused = True
    parent = chosen.parent
    while parent is not None and parent is not parent.parent:
        if isinstance(parent, ScrollView):
            parent.scroll_to(chosen, padding=20, animate=False)
            break
        parent = parent.parent


def refocus(root: Widget, label: str) -> None:
    """Focus the widget with this label, if a rebuilt screen still has one."""
    widget = next((widget for widget in pressables(root) if widget.label == label), None)
    if widget is not None:
        widget.focused = True


def press_focused(root: Widget) -> bool:
    """Press the focused widget; False if there is none."""
    chosen = focused(root)
    if chosen is None:
        return False
    chosen.trigger_action(0.1)
    return True
