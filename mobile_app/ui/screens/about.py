"""The model's card, privacy, licences."""

from importlib.metadata import PackageNotFoundError, version

from kivy.uix.widget import Widget

from mobile_app.ui.card_lines import card_lines
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.passages import demo_badge, facts, passage, path_text
from mobile_app.ui.screens.keep import SAVED
from mobile_app.ui.surfaces import Card, Row
from mobile_app.ui.theme import MEDIUM
from mobile_app.ui.words import Words


def about(app: Controller) -> Widget:
    """Say what this is made of."""
    look, say = app.look, app.look.say
    page = Page(look, say("about.title"), app.back)
    page.add(
        passage(look, "info", say("answer.not_a_diagnosis"), say("answer.disclaimer"), "soon_soft", "soon"), _model(app)
    )
    saved = Words(
        look,
        say("about.delete_on_phone") if app.phone else say("about.delete", place=path_text(app.folder / SAVED)),
        "small",
        "muted",
    )
    page.add(
        passage(look, "denied", say("about.privacy"), say("about.privacy_text"), more=(saved,)),
        passage(look, "document", say("about.licences"), f"{say('about.licence_own')}\n{say('about.licence_parts')}"),
        Words(look, say("about.version", version=_version()), "small", "muted"),
    )
    return page


def _model(app: Controller) -> Widget:
    look, say, card = app.look, app.look.say, app.answerer.card
    if card is None:
        if app.answerer.problem:
            return passage(look, "unreadable", say("about.model_missing"), app.answerer.problem)
        return passage(look, "hold", say("about.model"), say("about.model_loading"))
    box = Card(look, border="line", spacing=pixels(MEDIUM))
    title = Row()
    title.add_widget(Words(look, say("about.model"), "heading", bold=True, pos_hint={"center_y": 0.5}))
    if card["synthetic"]:
        title.add_widget(demo_badge(look))
    box.add_widget(title)
    if card["synthetic"]:
        box.add_widget(Words(look, say("about.model_synthetic")))
    box.add_widget(facts(look, card_lines(say, card)))
    box.add_widget(Words(look, say("about.model_limits"), "small", "muted"))
    return box


def _version() -> str:
    try:
        return version("skin-distill")
    except PackageNotFoundError:  # a phone holds the sources alone
        return ""
