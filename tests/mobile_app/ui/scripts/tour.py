"""Walk through every screen and write down what stands where: tour.py FOLDER [--pictures].

One process and one window for all of it: themes, font scales and window sizes change in between.
"""

import json
import sys
from functools import partial
from pathlib import Path

from mobile_app import main as app_main

SIZES = ((412, 915), (1280, 800), (800, 360), (320, 480))
SCALES = (1.0, 1.5, 2.0)
THEMES = ("light", "dark")
FRAMES = 5
"""Kivy settles text, then layout, then what follows from it."""

folder = Path(sys.argv[1])
app_main.prepare_kivy(folder)

from kivy.config import Config  # noqa: E402  (Kivy is set up first)

Config.set("graphics", "maxfps", "0")  # as fast as it goes
Config.set("graphics", "height", "915")  # SDL's invisible screen does not grow
Config.set("graphics", "minimum_height", "0")  # a phone on its side is lower than any desktop's window

from kivy.clock import Clock  # noqa: E402
from kivy.core.text import Label as CoreLabel  # noqa: E402
from kivy.core.window import Window  # noqa: E402
from stand_ins import ASKING_CARD, CARD, NAMES, Oracle, StillCapture, StillPhone, an_answer, picture  # noqa: E402

from mobile_app.guidance import Guidance  # noqa: E402
from mobile_app.live_session import LiveState  # noqa: E402
from mobile_app.ui.app import SkinApp, screens  # noqa: E402
from mobile_app.ui.buttons import Pressable  # noqa: E402
from mobile_app.ui.camera_messages import TROUBLES, UNITS  # noqa: E402
from mobile_app.ui.label import TextLabel  # noqa: E402
from mobile_app.ui.screens.save_share import open_share_sheet, save_answer  # noqa: E402
from mobile_app.ui.system_theme import SystemTheme  # noqa: E402
from triage.tips import TIPS  # noqa: E402

app = SkinApp(StillCapture(), Oracle(), folder, SystemTheme("none"))
found: list[dict] = []
RESULT = {
    "thermal_note": "slower_when_warm",
    "machine": {"cpu": "Some Processor with a long name @ 2.20GHz", "runtime": "ai-edge-litert 2.3.0"},
    "results": [{"p50_ms": 2.1, "p90_ms": 12.6, "model": "demo.tflite", "threads": 1, "inferences": 1024}],
}


def steps():
    """Yield the name of each state once it is there."""
    yield from pages()
    yield from answers()
    yield from questions()
    yield from camera()


def pages():
    for name in ("first_run", "settings", "sources", "about", "checking"):
        app.reset_to(name)
        yield name
    app.reset_to("files", start=photos)
    yield "files"
    app.reset_to("files", start=photos, choose_folder=True)
    yield "files folder"
    app.reset_to("benchmark")
    yield "benchmark"
    app.root.screen._show_result(RESULT)
    yield "benchmark result"
    for what in ("photo", "clipboard", "text", "source", "model"):
        app.reset_to("photo_trouble", what=what, detail="photo.jpg: damaged JPEG, or a rare kind of it: export as JPEG")
        yield f"trouble {what}"
    open_share_sheet(app, an_answer())
    yield "share"
    app.reset_to("saved")
    yield "saved"
    app.phone = StillPhone(folder)
    for name in ("sources", "about"):
        app.reset_to(name)
        yield f"{name} phone"
    save_answer(app, an_answer())
    yield "save phone"
    open_share_sheet(app, an_answer())
    yield "share phone"
    app.reset_to("saved")
    yield "saved some"
    app.phone = None


def answers():
    for urgency in ("urgent", "soon", "watch"):
        app.show_answer(an_answer(urgency))
        yield f"answer {urgency}"
    for reason in ("unsure", "no_skin", "synthetic_model", "unfamiliar"):
        app.show_answer(an_answer(reason=reason))
        yield f"answer {reason}"
    app.show_answer(an_answer("soon", probabilities=(0.9, 0.096, 0.004), prediction_set=NAMES, checked=False))
    yield "answer one of a set"
    poor = an_answer(light=False, reasons=("too_dark", "uneven"), reason="poor_light")
    app.show_answer(poor)
    yield "light_first"
    app.show_answer(an_answer("soon", light=False, reasons=("too_dark", "uneven"), ignore_light=True))
    yield "answer despite light"


def questions():
    """What a card with questions adds."""
    app.classifier.card = ASKING_CARD
    app.show_answer(an_answer("soon"))
    yield "questions"
    app.answer_with(an_answer("soon"), {"bleed": "yes", "age": 70.0, "region": "forearm"})
    yield "answer asked"
    app.add_photo(an_answer("soon"))
    yield "sheet another"
    app.root.close_sheet()
    app.show_answer(an_answer("soon", reason="no_skin"))
    yield "answer of two"
    app.classifier.card = CARD


def camera():
    app.reset_to("camera")
    app.capture.pause()
    screen = app.root.screen
    screen._show_state(LiveState("starting"))
    yield "camera starting"
    screen.preview.show(picture(640, 360))
    for tip in TIPS:
        screen._show_state(LiveState("running", Guidance(tip, False, {"exposure": -6.1, "limit": -5.3})))
        yield f"camera {tip}"
    screen._show_state(LiveState("running", Guidance(None, False, {"motion": 0.3, "limit": 0.15})))
    yield "camera hold still"
    screen._show_state(LiveState("running", Guidance("colour_cast", False)))
    screen.press()
    yield "camera waiting"
    screen.press()
    for measure in UNITS:
        screen._show_state(LiveState("running", Guidance("too_dark", False, {measure: 0.25, "limit": 0.5})))
        screen.explain()
        yield f"why {measure}"
        app.root.close_sheet()
    screen._show_state(LiveState("running", Guidance(None, True)))
    yield "camera ready"
    app.capture.session.source.live = False
    app.reset_to("camera")
    app.capture.pause()
    yield "camera photos"
    app.capture.session.source.live = True
    screen = app.root.screen
    for trouble in TROUBLES:
        screen._show_state(LiveState(trouble, detail="The camera gives no frames any more. Received: nothing."))
        yield f"camera {trouble}"


def background_of(widget) -> str:
    while widget is not None and widget is not widget.parent:
        if getattr(widget, "background", None):
            return widget.background
        widget = widget.parent
    return ""


def sticks_out(widget) -> str:
    """The first widget around it that it does not fit into; what scrolls may be larger than what it scrolls in."""
    box, outer = widget, widget.parent
    while outer is not None and outer is not outer.parent and type(outer).__name__ != "ScrollView":
        left, bottom = outer.pos
        inside = left - 1 <= box.x and box.right <= outer.right + 1 and bottom - 1 <= box.y and box.top <= outer.top + 1
        if not inside:
            return type(outer).__name__
        outer = outer.parent
    return ""


def look_at(state: str, theme: str, shape: tuple) -> None:
    texts, targets = [], []
    root = app.root
    scrolled = {w for view in root.walk() if type(view).__name__ == "ScrollView" for w in view.walk()}
    for widget in root.walk():
        x, y = widget.to_window(*widget.pos)
        box = [x, y, *widget.size]
        if isinstance(widget, TextLabel) and widget.text and shown(widget):
            sized = partial(CoreLabel, font_size=widget.font_size, bold=widget.bold)
            texts.append(
                {
                    "text": widget.text,
                    "texture": list(widget.texture_size),
                    "box": box,
                    "color_name": widget.color_name,
                    "background": background_of(widget),
                    "longest_word": max(sized(text=word).get_extents(word)[0] for word in widget.text.split()),
                    "scrolls": widget in scrolled,
                    "sticks_out": sticks_out(widget),
                }
            )
        if isinstance(widget, Pressable) and shown(widget):
            targets.append(
                {
                    "label": widget.label,
                    "box": box,
                    "scrolls": widget in scrolled,
                    "ring": widget.ring,
                    "background": background_of(widget),
                }
            )
    found.append(
        {
            "state": state,
            "theme": theme,
            "window": list(shape[:2]),
            "scale": shape[2],
            "texts": texts,
            "targets": targets,
            "action": action_box(),
            "picture": list(root.screen.preview.size) if app._history[-1][0] == "camera" else None,
        }
    )


def action_box() -> list | None:
    """Bottom and top of an answer's action card, and of the view that it scrolls in."""
    card, view = getattr(app.root.screen, "action_card", None), getattr(app.root.screen, "scroll", None)
    if card is None:
        return None
    bottom, edge = card.to_window(*card.pos)[1], view.to_window(*view.pos)[1]
    return [bottom, bottom + card.height, edge, edge + view.height]


def shown(widget) -> bool:
    while widget is not None and widget is not widget.parent:
        if widget.opacity == 0:
            return False
        widget = widget.parent
    return True


def walk():
    shapes = [(theme, *size, scale) for size in SIZES for scale in SCALES for theme in THEMES]
    if "--pictures" not in sys.argv:  # colours change no place: one theme each
        shapes = shapes[::4] + shapes[3::4]
    for theme, width, height, scale in shapes:
        Window.size = (width, height)
        app.change_settings(theme=theme, font_scale=scale)
        for state in steps():
            for _ in range(FRAMES):
                yield
            look_at(state, theme, (width, height, scale))
            if "--pictures" in sys.argv:
                Window.screenshot(str(folder / f"{state}-{theme}-{width}-{scale}.png".replace(" ", "_")))
    missing = set(screens()) - {entry["state"].split()[0] for entry in found} - {"photo_trouble"}
    assert not missing, f"the tour leaves out {missing}"
    (folder / "tour.json").write_text(json.dumps(found), encoding="utf-8")
    app.stop()


photos = folder / "photos"
photos.mkdir()
for number in range(3):
    (photos / f"a-photo-{number}.jpg").touch()
walking = None


def push(_: float) -> None:
    global walking
    walking = walking or walk()
    next(walking, None)


Clock.schedule_interval(push, 0)
app.run()
