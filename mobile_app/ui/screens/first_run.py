"""The introduction at the first start: what the app does, what it is not, what happens to pictures."""

from kivy.uix.widget import Widget

from mobile_app.ui.app import SkinApp
from mobile_app.ui.cards import info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column


def first_run(app: SkinApp) -> Widget:
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
    page.footer(("first.start", None, app.finish_first_run))
    return page
