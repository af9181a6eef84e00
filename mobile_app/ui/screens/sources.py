"""Where pictures may come from."""

from kivy.uix.widget import Widget

from mobile_app.ui.controller import Controller
from mobile_app.ui.page import Page
from mobile_app.ui.rows import LinkRow
from mobile_app.ui.surfaces import Column

ON_DESKTOPS = ("second_camera", "folder")
"""A phone's app takes the camera on the back and sees no folders."""


def sources(app: Controller) -> Widget:
    """Choose a source."""
    look, say = app.look, app.look.say
    page = Page(look, say("source.title"), app.back)
    rows = Column()
    camera = app.phone.camera if app.phone else "camera"
    for icon, name, action in (
        ("camera", "camera", lambda: app.use_source(camera)),
        ("camera", "second_camera", lambda: app.use_source("1")),
        ("too_bright", "demo", lambda: app.use_source("demo")),
        ("folder", "folder", lambda: app.go("files", choose_folder=True)),
    ):
        if not (app.phone and name in ON_DESKTOPS):
            rows.add_widget(LinkRow(look, icon, say(f"source.{name}"), action, say(f"source.{name}_note")))
    rows.add_widget(LinkRow(look, "photo", say("action.open_photo"), app.open_photo, say("source.photo_note")))
    rows.add_widget(LinkRow(look, "save", say("saved.title"), lambda: app.go("saved"), say("saved.note")))
    page.add(rows)
    return page
