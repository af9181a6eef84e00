"""The introduction at the first start: what the app does, what it is not, what happens to pictures."""

from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.cards import info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp


def first_run(app: "SkinApp") -> Widget:
    """Build the screen."""
    style, tr = app.style, app.style.tr
    page = Page(style)
    page.add(
        Column(
            TextLabel(style, tr("app.name"), "small", "accent", bold=True),
            TextLabel(style, tr("first.title"), "display", bold=True),
        ),
        info_card(style, "info", tr("first.not"), tr("first.not_text"), "soon_soft", "soon"),
        info_card(style, "camera", tr("first.what"), tr("first.what_text")),
        info_card(style, "denied", tr("first.privacy"), tr("first.privacy_text")),
    )
    page.footer([TextButton(style, tr("first.start"), app.finish_first_run)])
    return page
