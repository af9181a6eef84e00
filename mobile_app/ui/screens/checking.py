"""The screens before an answer: classification is running, and the lighting is too poor."""

from kivy.uix.widget import Widget

from mobile_app.answer import Answer
from mobile_app.ui.app import SkinApp
from mobile_app.ui.cards import info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.page import Page
from mobile_app.ui.photo_view import photo_view
from mobile_app.ui.style import pixels
from mobile_app.ui.widgets import Icon

PHOTO_HEIGHT = 220  # dp


def checking(app: SkinApp) -> Widget:
    """Build the screen shown during classification."""
    style, tr = app.style, app.style.tr
    page = Page(style, "", app.back)
    page.add(
        Icon(style, "hold", 56, "accent", pos_hint={"center_x": 0.5}),
        TextLabel(style, tr("checking.title"), "title", bold=True, align="center"),
        TextLabel(style, tr("checking.text"), color_name="muted", align="center"),
    )
    return page


def light_first(app: SkinApp, answer: Answer) -> Widget:
    """Build the screen with tips for better lighting, shown before any answer."""
    style, tr, earlier = app.style, app.style.tr, answer.earlier
    page = Page(style, tr("answer.reason.poor_light"), app.back)
    if answer.photo is not None:
        page.add(photo_view(answer, pixels(PHOTO_HEIGHT)))
    page.add(TextLabel(style, tr("answer.reason.poor_light_text")))
    for tip in tip_ids(answer):
        page.add(info_card(style, tip, tr(f"tip.{tip}.headline"), tr(f"tip.{tip}.advice")))
    page.footer(
        ("action.retake", "retake", lambda: app.add_photo(earlier) if earlier else app.reset_to("camera")),
        ("light.see_anyway", "forward", lambda: app.answer_anyway(answer)),
        stacked=True,
    )
    return page


def tip_ids(answer: Answer) -> list[str]:
    """Return the tips for an answer's lighting, most serious first."""
    if answer.assessment is None or answer.lighting_ok:
        return []
    return list(answer.assessment.lighting.verdict.reasons) or ["poor_light"]
