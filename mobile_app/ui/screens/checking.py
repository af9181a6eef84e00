"""The screens before an answer: classification is running, and the lighting is too poor."""

from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.answer import Answer
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.cards import info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.photo_view import PhotoView
from mobile_app.ui.style import pixels
from mobile_app.ui.theme import HUGE
from mobile_app.ui.widgets import Column, Icon

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp

PHOTO_HEIGHT = 220  # dp


def checking(app: "SkinApp") -> Widget:
    """Build the screen shown during classification."""
    style, tr = app.style, app.style.tr
    page = Page(style, "", app.back)
    page.add(
        Column(
            Icon(style, "hold", 56, "accent", pos_hint={"center_x": 0.5}),
            TextLabel(style, tr("checking.title"), "title", bold=True, align="center"),
            TextLabel(style, tr("checking.text"), color_name="muted", align="center"),
            padding=(0, pixels(HUGE), 0, 0),
        )
    )
    return page


def light_first(app: "SkinApp", answer: Answer) -> Widget:
    """Build the screen with tips for better lighting, shown before any answer."""
    style, tr = app.style, app.style.tr
    page = Page(style, tr("answer.reason.poor_light"), app.back)
    if answer.photo is not None:
        page.add(PhotoView(style, answer.photo, answer.crop, size_hint_y=None, height=pixels(PHOTO_HEIGHT)))
    page.add(TextLabel(style, tr("answer.reason.poor_light_text")))
    for tip in tip_ids(answer):
        page.add(info_card(style, tip, tr(f"tip.{tip}.headline"), tr(f"tip.{tip}.advice")))
    buttons = (
        ("action.retake", lambda: app.reset_to("camera"), "retake", "primary"),
        ("light.see_anyway", lambda: app.answer_anyway(answer), "forward", "quiet"),
    )
    page.footer([TextButton(style, tr(name), act, icon, kind, True) for name, act, icon, kind in buttons])
    return page


def confirm_close(app: "SkinApp") -> None:
    """Ask whether to close the app."""
    style, tr = app.style, app.style.tr
    app.root.open_sheet(
        style,
        TextLabel(style, tr("quit.title"), "title", bold=True),
        TextButton(style, tr("quit.yes"), app.stop),
        TextButton(style, tr("action.cancel"), app.root.close_sheet, kind="quiet"),
    )


def tip_ids(answer: Answer) -> list[str]:
    """Return the tips for an answer's lighting, most serious first."""
    if answer.assessment is None or answer.lighting_ok:
        return []
    return list(answer.assessment.lighting.verdict.reasons) or ["poor_light"]
