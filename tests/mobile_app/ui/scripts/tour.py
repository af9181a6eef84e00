"""Walk through every screen and write down what stands where: tour.py FOLDER [--pictures].

One process and one window for all of it: themes, font scales and window sizes change in between.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from mobile_app import main as app_main

TOUR = (
    ("light", 360, 720, 1.0), ("light", 360, 720, 1.5), ("light", 1280, 720, 1.0), ("light", 1280, 720, 1.5),
    ("dark", 360, 720, 1.5), ("dark", 1280, 720, 1.0),
    ("light", 320, 480, 1.5), ("light", 800, 360, 1.5), ("light", 844, 390, 1.5),
)  # fmt: skip
LEAST_HEIGHT = app_main.LEAST_WINDOW[1]
"""Below it the window is a phone on its side, where pages only scroll more."""
FRAMES = 5
"""Kivy settles text, then layout, then what follows from it."""

folder = Path(sys.argv[1])
app_main.prepare_kivy(folder)

from kivy.config import Config  # noqa: E402  (Kivy is set up first)

Config.set("graphics", "maxfps", "0")  # as fast as it goes
Config.set("graphics", "minimum_height", "0")  # a phone on its side is lower than any desktop's window

from kivy.clock import Clock  # noqa: E402
from kivy.core.window import Window  # noqa: E402
from stand_ins import Oracle, StillCapture, StillPhone, an_answer, picture  # noqa: E402

from mobile_app.guidance import Guidance  # noqa: E402
from mobile_app.live import LiveState  # noqa: E402
from mobile_app.ui.app import SkinApp, screens  # noqa: E402
from mobile_app.ui.buttons import Pressable  # noqa: E402
from mobile_app.ui.camera_view import TROUBLES, UNITS  # noqa: E402
from mobile_app.ui.screens.keep import keep, share_sheet  # noqa: E402
from mobile_app.ui.system_theme import SystemTheme  # noqa: E402
from mobile_app.ui.words import Words, natural_width  # noqa: E402
from triage.tips import TIPS  # noqa: E402

app = SkinApp(StillCapture(), Oracle(), folder, SystemTheme("none"))
found: list[dict] = []
RESULT = {
    "thermal_note": "slower_when_warm",
    "machine": {"cpu": "Some Processor with a long name @ 2.20GHz", "runtime": "ai-edge-litert 2.3.0"},
    "results": [{"p50_ms": 2.1, "p90_ms": 12.6, "model": "demo.tflite", "threads": 1, "inferences": 1024}],
}


def steps(camera_alone: bool):
    """Yield the name of each state once it is there."""
    if not camera_alone:
        yield from pages()
    yield from camera()


def pages():
    for name in ("first_run", "settings", "sources", "about", "checking"):
        app.restart(name)
        yield name
    app.restart("files", start=photos)
    yield "files"
    app.restart("files", start=photos, choose_folder=True)
    yield "files folder"
    app.restart("benchmark")
    yield "benchmark"
    app.shell.screen._show_result(RESULT)
    yield "benchmark result"
    for what in ("photo", "clipboard", "source", "model"):
        app.restart("photo_trouble", what=what, detail="photo.jpg: damaged JPEG, or a rare kind of it: export as JPEG")
        yield f"trouble {what}"
    for urgency in ("urgent", "soon", "watch"):
        app.show_answer(an_answer(urgency))
        yield f"answer {urgency}"
    for why in ("unsure", "unlike_training"):
        app.show_answer(an_answer(cannot_tell=why))
        yield f"answer {why}"
    share_sheet(app, an_answer())
    yield "share"
    app.restart("saved")
    yield "saved"
    app.phone = StillPhone(folder)
    for name in ("sources", "about"):
        app.restart(name)
        yield f"{name} phone"
    keep(app, an_answer())
    yield "save phone"
    share_sheet(app, an_answer())
    yield "share phone"
    app.restart("saved")
    yield "saved some"
    app.phone = None
    poor = an_answer(light=False, reasons=("too_dark", "uneven"))
    app.show_answer(poor)
    yield "light_first"
    app.show_answer(replace(poor, despite_light=True))
    yield "answer despite light"


def camera():
    app.restart("camera")
    app.capture.hide()
    screen = app.shell.screen
    screen._show_state(LiveState("starting"))
    yield "camera starting"
    screen.preview.show(picture(640, 360))
    for tip in TIPS:
        screen._show_state(LiveState("running", Guidance(tip, False, {"exposure": -6.1, "limit": -5.3})))
        yield f"camera {tip}"
    screen._show_state(LiveState("running", Guidance(None, False)))
    yield "camera hold still"
    screen._show_state(LiveState("running", Guidance("colour_cast", False)))
    screen.press()
    yield "camera waiting"
    screen.press()
    for measure in UNITS:
        screen._show_state(LiveState("running", Guidance("too_dark", False, {measure: 0.25, "limit": 0.5})))
        screen.explain()
        yield f"why {measure}"
        app.shell.close_sheet()
    screen._show_state(LiveState("running", Guidance(None, True)))
    yield "camera ready"
    app.capture.source.live = False
    app.restart("camera")
    app.capture.hide()
    yield "camera photos"
    app.capture.source.live = True
    screen = app.shell.screen
    for trouble in TROUBLES:
        screen._show_state(LiveState(trouble, detail="The camera gives no frames any more. Received: nothing."))
        yield f"camera {trouble}"


def ground_of(widget) -> str:
    while widget is not None and widget is not widget.parent:
        if getattr(widget, "ground", None):
            return widget.ground
        widget = widget.parent
    return ""


def sticks_out(widget) -> str:
    """The first widget around it that it does not fit into; what scrolls may be larger than what it scrolls in."""
    box, around = widget, widget.parent
    while around is not None and around is not around.parent and type(around).__name__ != "ScrollView":
        left, bottom = around.pos
        inside = (
            left - 1 <= box.x and box.right <= around.right + 1 and bottom - 1 <= box.y and box.top <= around.top + 1
        )
        if not inside:
            return type(around).__name__
        around = around.parent
    return ""


def look_at(state: str, theme: str, shape: tuple) -> None:
    words, targets = [], []
    root = app.shell
    scrolled = {w for view in root.walk() if type(view).__name__ == "ScrollView" for w in view.walk()}
    for widget in root.walk():
        x, y = widget.to_window(*widget.pos)
        box = [x, y, *widget.size]
        if isinstance(widget, Words) and widget.text and shown(widget):
            longest = max(widget.text.split(), key=len)
            words.append(
                {
                    "text": widget.text,
                    "texture": list(widget.texture_size),
                    "box": box,
                    "tone": widget.tone,
                    "ground": ground_of(widget),
                    "longest_word": natural_width(longest, widget.type_name, widget.bold),
                    "scrolls": widget in scrolled,
                    "sticks_out": sticks_out(widget),
                }
            )
        if isinstance(widget, Pressable) and shown(widget):
            targets.append(
                {
                    "called": widget.called,
                    "box": box,
                    "scrolls": widget in scrolled,
                    "ring": widget.ring,
                    "ground": ground_of(widget),
                }
            )
    found.append(
        {
            "state": state,
            "theme": theme,
            "window": list(shape[:2]),
            "scale": shape[2],
            "words": words,
            "targets": targets,
            "picture": list(root.screen.preview.size) if app._history[-1][0] == "camera" else None,
        }
    )


def shown(widget) -> bool:
    while widget is not None and widget is not widget.parent:
        if widget.opacity == 0:
            return False
        widget = widget.parent
    return True


def walk():
    for theme, width, height, scale in TOUR:
        Window.size = (width, height)
        app.change(theme=theme, font_scale=scale)
        for state in steps(camera_alone=height < LEAST_HEIGHT):
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


def go(_: float) -> None:
    global walking
    walking = walking or walk()
    next(walking, None)


Clock.schedule_interval(go, 0)
app.run()
