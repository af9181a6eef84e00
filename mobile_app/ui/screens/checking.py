"""While the model looks, and when it finds the light too poor to answer."""

from dataclasses import replace

from kivy.uix.widget import Widget

from mobile_app.answer import Answer
from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.look import pixels
from mobile_app.ui.page import Page
from mobile_app.ui.passages import passage
from mobile_app.ui.photo_view import PhotoView
from mobile_app.ui.surfaces import Column, Icon
from mobile_app.ui.theme import HUGE
from mobile_app.ui.words import Words

PHOTO_HEIGHT = 220  # dp


def checking(app: Controller) -> Widget:
    """The model is at work."""
    look, say = app.look, app.look.say
    page = Page(look, "", app.back)
    head = Column(padding=(0, pixels(HUGE), 0, 0))
    head.add_widget(Icon(look, "hold", 56, "accent", pos_hint={"center_x": 0.5}))
    head.add_widget(Words(look, say("checking.title"), "title", bold=True, align="center"))
    head.add_widget(Words(look, say("checking.text"), tone="muted", align="center"))
    page.add(head)
    return page


def light_first(app: Controller, answer: Answer) -> Widget:
    """The light is not good: what to do, before any answer."""
    look, say = app.look, app.look.say
    page = Page(look, say("light.title"), app.back)
    if answer.photo is not None:
        page.add(PhotoView(look, answer.photo, answer.crop, size_hint_y=None, height=pixels(PHOTO_HEIGHT)))
    page.add(Words(look, say("light.text")))
    for tip in tip_ids(answer):
        page.add(passage(look, tip, say(f"tip.{tip}.headline"), say(f"tip.{tip}.advice")))
    buttons = (
        ("action.retake", lambda: app.restart("camera"), "retake", "primary"),
        ("light.see_anyway", lambda: app.show_answer(replace(answer, despite_light=True)), "forward", "quiet"),
    )
    page.footer([TextButton(look, say(name), act, icon, kind, True) for name, act, icon, kind in buttons])
    return page


def tip_ids(answer: Answer) -> list[str]:
    """Ids of the tips for an answer's light, most serious first; empty when nothing is wrong."""
    if answer.assessment is None or answer.lighting_confirmed:
        return []
    return list(answer.assessment.lighting.verdict.reasons) or ["poor_light"]
