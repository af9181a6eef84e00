"""Where pictures may come from."""

from kivy.uix.widget import Widget

from mobile_app.ui.controller import Controller
from mobile_app.ui.page import Page
from mobile_app.ui.rows import LinkRow
from mobile_app.ui.surfaces import Column


def sources(app: Controller) -> Widget:
    """Choose a source."""
    look, say = app.look, app.look.say
    page = Page(look, say("source.title"), app.back)
    rows = Column()
    for icon, name, action in (
        ("camera", "camera", lambda: app.use_source("camera")),
        ("camera", "second_camera", lambda: app.use_source("1")),
        ("too_bright", "demo", lambda: app.use_source("demo")),
        ("folder", "folder", lambda: app.go("files", choose_folder=True)),
    ):
        rows.add_widget(LinkRow(look, icon, say(f"source.{name}"), action, say(f"source.{name}_note")))
    rows.add_widget(LinkRow(look, "photo", say("action.open_photo"), lambda: app.go("files"), say("source.photo_note")))
    page.add(rows)
    return page
