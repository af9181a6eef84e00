"""Error screens: no frames from the source, or a photo, paste, source or model that cannot be used."""

from collections.abc import Callable

from kivy.uix.widget import Widget

from mobile_app.ui.app import SkinApp
from mobile_app.ui.buttons import Action, action_buttons
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column, Icon


def trouble_page(app: SkinApp, trouble: str, detail: str) -> Widget:
    """Build the page for a source without frames, for one of `camera_messages.TROUBLES` and the source's own words."""
    actions: list[Action] = [
        ("action.play_again" if trouble == "ended" else "action.try_again", "retake", app.retry_source),
        ("action.other_source", "camera", lambda: app.push("sources")),
        ("action.open_photo", "photo", app.open_photo),
    ]
    return _page(app, trouble, trouble, detail, actions)


def photo_trouble(app: SkinApp, what: str, detail: str = "") -> Widget:
    """Build the screen for an unusable "photo", "clipboard", "text", "source" or "model"."""
    actions: list[Action] = [
        ("action.open_photo", "photo", app.open_photo),
        ("action.other_source", "folder", lambda: app.push("sources")),
        ("action.to_camera", "camera", lambda: app.reset_to("camera")),
    ]
    return _page(app, "unreadable", what, detail, actions, app.back)


def _page(
    app: SkinApp, icon: str, trouble: str, detail: str, actions: list[Action], back: Callable[[], object] | None = None
) -> Page:
    style, tr = app.style, app.style.tr
    page = Page(style, "", back)
    page.add(
        Icon(style, icon, 56, "accent", pos_hint={"x": 0}),
        TextLabel(style, tr(f"trouble.{trouble}"), "title", bold=True),
        TextLabel(style, tr(f"trouble.{trouble}_advice")),
        Column(*action_buttons(style, *actions)),
    )
    if detail:
        page.add(TextLabel(style, f"{tr('trouble.details')}: {detail}", "small", "muted"))
    return page
