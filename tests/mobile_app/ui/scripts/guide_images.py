"""Draw the pictures of docs/app.md: screenshots of the app with its demo stream.

    make pictures
    SDL_VIDEODRIVER=offscreen python tests/mobile_app/ui/scripts/guide_images.py [MODEL.tflite]

Needs the extra `app`. Without MODEL it uses the demo model.
"""

import copy
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mobile_app import main as app_main
from mobile_app.settings import Settings, write_settings
from triage.model_card import ModelCard
from triage.model_file import read_model, shipped_model

FOLDER = Path(__file__).parents[4] / "docs" / "images"
NARROW, WIDE = (360, 720), (1280, 720)
SETTLE = 8  # frames until the layout is stable


def main(model: Path | None) -> None:
    """Walk through the app and write the pictures."""
    folder = Path(tempfile.mkdtemp())
    write_settings(Settings(theme="light", first_run_seen=True), folder)
    app_main.prepare_kivy(folder)
    from kivy.clock import Clock
    from kivy.core.window import Window
    from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels

    from mobile_app.classifier import DEMO_MODEL, BackgroundClassifier
    from mobile_app.ui.app import SkinApp
    from mobile_app.ui.capture import Capture
    from mobile_app.ui.system_theme import SystemTheme

    app = SkinApp(Capture("demo"), BackgroundClassifier(model or DEMO_MODEL), folder, SystemTheme())

    def screenshot() -> np.ndarray:
        width, height = Window.size
        raw = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
        return np.frombuffer(raw, np.uint8).reshape(height, width, 3)[::-1]

    def until(condition: Callable[[], object]) -> Iterator[None]:
        while not condition():
            yield
        for _ in range(SETTLE):
            yield

    def guidance() -> object:
        return app.capture.session.state.guidance

    def reset(size: tuple[int, int], theme: str) -> Iterator[None]:
        Window.size = size
        app.change_settings(theme=theme)
        app.reset_to("camera")
        yield from until(lambda: app.root.screen.preview.frame_count > SETTLE)

    def take_picture() -> Iterator[None]:
        app.root.screen.press()
        yield from until(lambda: app._history[-1][0] in ("answer", "light_first"))
        if app._history[-1][0] == "light_first":
            app.answer_anyway(app._history[-1][1].keywords["answer"])
            yield from until(lambda: app._history[-1][0] == "answer")

    def walk() -> Iterator[None]:
        yield from reset(WIDE, "light")
        yield from until(lambda: guidance() and guidance().tip == "uneven")
        _write("app-tip.png", [screenshot()], 0.55)
        yield from until(lambda: guidance() and guidance().ready)
        yield from take_picture()
        _write("app-answer.png", [screenshot()], 0.75)
        phone = []
        yield from reset(NARROW, "dark")
        yield from until(lambda: guidance() and guidance().tip)
        phone.append(screenshot())
        app.root.screen.explain()
        yield from until(lambda: True)
        phone.append(screenshot())
        app.root.close_sheet()
        yield from until(lambda: guidance() and guidance().ready)
        phone.append(screenshot())
        yield from take_picture()
        phone.append(screenshot())
        _write("app-phone.png", phone, 0.6)
        app.change_settings(theme="light")
        answer, card = app._history[-1][1].keywords["answer"], app.classifier.card
        app.classifier.card = _asking(card)
        asked = []
        app.show_answer(answer)
        yield from until(lambda: True)
        asked.append(screenshot())
        app.answer_with(answer, {"grew": "yes", "bleed": "no", "age": 50.0})
        yield from until(lambda: True)
        asked.append(screenshot())
        app.add_photo(app._history[-1][1].keywords["answer"])
        yield from until(lambda: app.root.screen.preview.frame_count > SETTLE)
        asked.append(screenshot())
        app.root.close_sheet()
        _write("app-questions.png", asked, 0.6)
        app.classifier.card = card
        lists = []
        for name in ("settings", "sources", "about"):
            app.reset_to(name)
            yield from until(lambda: True)
            lists.append(screenshot())
        _write("app-lists.png", lists, 0.6)

    walking = walk()

    def step(_: float) -> None:
        if app.root is not None and next(walking, "end") == "end":
            app.stop()

    Clock.schedule_interval(step, 0)
    app.run()


def _asking(card: ModelCard) -> ModelCard:
    """Return a card with the questions of the package's own model, whose answers speak for the same classes."""
    own = read_model(shipped_model()).card
    numbers = {entry["id"]: number for number, entry in enumerate(own["classes"])}
    rule = copy.deepcopy(own["answers"])
    for question in rule["questions"].values():
        for choice, effects in question["effects"].items():
            found = [effects[numbers[entry["id"]]] if entry["id"] in numbers else 0.0 for entry in card["classes"]]
            question["effects"][choice] = found
    return {**card, "answers": rule}


def _write(name: str, pictures: list[np.ndarray], scale: float) -> None:
    """Write pictures side by side, shrunk, as a PNG of 256 colours."""
    gap = np.full((pictures[0].shape[0], 16, 3), 255, np.uint8)
    joined = np.hstack([part for picture in pictures for part in (picture, gap)][:-1])
    small = cv2.resize(joined, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    Image.fromarray(small).quantize(256, dither=Image.Dither.NONE).save(FOLDER / name, "PNG", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
