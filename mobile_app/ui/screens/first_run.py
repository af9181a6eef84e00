"""The first start: what this is, what it is not, what happens to pictures."""

from kivy.uix.widget import Widget

from mobile_app.ui.buttons import TextButton
from mobile_app.ui.controller import Controller
from mobile_app.ui.page import Page
from mobile_app.ui.passages import passage
from mobile_app.ui.surfaces import Column
from mobile_app.ui.words import Words


def first_run(app: Controller) -> Widget:
    """Explain, and go on when it has been read."""
    look, say = app.look, app.look.say
    page = Page(look)
    head = Column()
    head.add_widget(Words(look, say("app.name"), "small", "accent", bold=True))
    head.add_widget(Words(look, say("first.title"), "display", bold=True))
    page.add(
        head,
        passage(look, "info", say("first.not"), say("first.not_text"), ground="soon_soft", tone="soon"),
        passage(look, "camera", say("first.what"), say("first.what_text")),
        passage(look, "denied", say("first.privacy"), say("first.privacy_text")),
    )
    page.footer([TextButton(look, say("first.start"), app.start_using)])
    return page
