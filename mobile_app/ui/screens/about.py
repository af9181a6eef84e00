"""About: the model card, privacy, licences, version."""

from typing import TYPE_CHECKING

from kivy.uix.widget import Widget

from mobile_app.ui.cards import demo_badge, display_path, fact_list, info_card
from mobile_app.ui.label import TextLabel
from mobile_app.ui.model_card_text import card_facts, class_facts
from mobile_app.ui.page import Page
from mobile_app.ui.screens.save_share import SAVED_FOLDER
from mobile_app.ui.style import pixels
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.widgets import MIDDLE, Card, Row
from mobile_app.version import app_version

if TYPE_CHECKING:
    from mobile_app.ui.app import SkinApp


def about(app: "SkinApp") -> Widget:
    """Build the screen."""
    style, tr = app.style, app.style.tr
    place = (
        tr("about.delete_on_phone") if app.phone else tr("about.delete", place=display_path(app.folder / SAVED_FOLDER))
    )
    page = Page(style, tr("about.title"), app.back)
    page.add(
        info_card(style, "info", tr("answer.not_a_diagnosis"), tr("answer.disclaimer"), "soon_soft", "soon"),
        *_accuracy(app),
        _model(app),
        info_card(
            style,
            "denied",
            tr("about.privacy"),
            tr("about.privacy_text"),
            more=(TextLabel(style, place, "small", "muted"),),
        ),
        info_card(style, "document", tr("about.licences"), f"{tr('about.licence_own')}\n{tr('about.licence_parts')}"),
        TextLabel(style, tr("about.version", version=app_version()), "small", "muted"),
    )
    return page


def _model(app: "SkinApp") -> Widget:
    style, tr, card = app.style, app.style.tr, app.classifier.card
    if card is None:
        if app.classifier.problem:
            return info_card(style, "unreadable", tr("about.model_missing"), app.classifier.problem)
        return info_card(style, "hold", tr("about.model"), tr("about.model_loading"))
    title = Row(TextLabel(style, tr("about.model"), "heading", bold=True, pos_hint=MIDDLE))
    box = Card(style, title, border="border", spacing=pixels(MEDIUM))
    if card["synthetic"]:
        title.add_widget(demo_badge(style))
        box.add_widget(TextLabel(style, tr("about.model_synthetic")))
    box.add_widget(fact_list(style, card_facts(tr, card)))
    box.add_widget(TextLabel(style, tr("about.model_limits"), "small", "muted"))
    return box


def _accuracy(app: "SkinApp") -> list[Widget]:
    """Return the card with the accuracy of each class; none where the model's card does not know it."""
    style, tr, card = app.style, app.style.tr, app.classifier.card
    facts = [] if card is None else class_facts(tr, card)
    if card is None or not facts:
        return []
    counted = tr("about.accuracy_synthetic" if card["synthetic"] else "about.accuracy_text")
    return [info_card(style, "info", tr("about.accuracy"), counted, more=(fact_list(style, facts),))]
