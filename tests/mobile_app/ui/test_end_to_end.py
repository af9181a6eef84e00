"""The app in a real window, used with a real mouse and keyboard: Xvfb is the screen, xdotool the hand."""

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mobile_app.classifier import DEMO_MODEL
from mobile_app.texts import load_texts
from triage.tips import TIPS

ROOT = Path(__file__).parents[3]
TR = load_texts()
PROBE = Path(__file__).parent / "scripts" / "probe.py"
MISSING = [command for command in ("Xvfb", "xdotool", "xclip") if shutil.which(command) is None]
GUARD_S = 0.8
"""What has just opened takes no press for 600 ms."""
TIMEOUT_S = 120.0
"""For anything to happen; a busy machine is no reason to fail."""

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}: run ci/system_packages.sh")


@pytest.fixture
def screen() -> Iterator[dict[str, str]]:
    """An X server of its own; gives the environment for its clients."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "Xvfb did not start"
    yield {**os.environ, "DISPLAY": f":{number}", "SDL_VIDEODRIVER": "x11", "PYTHONPATH": str(ROOT)}
    server.terminate()
    server.wait(10)


class Person:
    """Sees what the probe tells, and has a mouse and a keyboard."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder, self.environment = folder, environment

    def look(self) -> dict:
        try:
            return json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"mouse": None, "screen": "", "texts": [], "targets": {}}

    def wait_for(self, condition: Callable[[dict], bool], what: str) -> dict:
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            state = self.look()
            if condition(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"never saw {what}; last: {self.look()}")

    def wait_for_screen(self, *names: str) -> dict:
        return self.wait_for(lambda state: state["screen"] in names, f"screen {' or '.join(names)}")

    def click(self, called: str) -> None:
        """Move the mouse there until the app has noticed, and press: a window that just got the focus wakes slowly."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            state = self.wait_for(lambda state: called in state["targets"], called)
            x, y = state["targets"][called]
            if state["mouse"] and abs(state["mouse"][0] - x) + abs(state["mouse"][1] - y) <= 2:
                time.sleep(GUARD_S)
                self.do("click", 1)
                return
            self.do("mousemove", "--window", self.window, x, y)
            time.sleep(0.2)
        raise AssertionError(f"the mouse never came to {called}; last: {self.look()}")

    def press(self, *keys: str) -> None:
        self.do("key", *keys)

    @functools.cached_property
    def window(self) -> str:
        """Number of the app's window, which gets the keyboard: there is no window manager that would give it."""
        window = self.do("search", "--onlyvisible", "--class", "python").split()[-1]
        self.do("windowfocus", "--sync", window)
        return window

    def do(self, *arguments: object) -> str:
        command = ["xdotool", *map(str, arguments)]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def person(kivy, screen, tmp_path) -> Iterator[Person]:
    app = subprocess.Popen(
        [sys.executable, PROBE, tmp_path, DEMO_MODEL],
        env={**screen, "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Person(tmp_path, screen)
    finally:
        app.terminate()
        printed, _ = app.communicate(timeout=30)
        (tmp_path / "app.log").write_text(printed)
    assert "Traceback (most recent call last)" not in printed.replace("Terminated", ""), printed


def tip_headlines() -> set[str]:
    return {tip.headline for tip in TIPS.values()}


def test_from_the_first_start_to_an_answer_and_back(person, tmp_path):
    person.wait_for_screen("first_run")
    person.click(TR["first.start"])
    person.wait_for_screen("camera")

    # The light moves: the tips change, and at some time there is nothing to better.
    seen = set()

    def three_states(state: dict) -> bool:
        seen.update(set(state["texts"]) & (tip_headlines() | {TR["camera.ready"]}))
        return len(seen) >= 3 and TR["camera.ready"] in seen

    person.wait_for(three_states, "two tips and the ready state")

    # The shutter waits for good light if there is none, and takes the picture by itself.
    state = person.wait_for(lambda s: {TR["camera.take"], TR["camera.wait"]} & set(s["targets"]), "the shutter")
    person.click(TR["camera.wait" if TR["camera.wait"] in state["targets"] else "camera.take"])
    state = person.wait_for_screen("answer", "light_first")
    if state["screen"] == "light_first":
        person.click(TR["light.see_anyway"])
        state = person.wait_for_screen("answer")
    assert TR["answer.not_a_diagnosis"] in state["texts"] and TR["app.demo"] in state["texts"]

    person.click(TR["action.retake"])
    person.wait_for_screen("camera")

    # One touch overrules the light, and the answer says so.
    while person.look()["screen"] == "camera":  # in good light there is nothing to overrule, and the button is gone
        person.click(TR["camera.use_anyway"])
        time.sleep(1)
    state = person.wait_for_screen("answer")
    assert TR["answer.light_overruled"] in state["texts"]
    person.press("Escape")
    person.wait_for_screen("camera")

    # Keyboard: O opens the list of files, Escape leads back.
    person.press("o")
    person.wait_for_screen("files")
    person.press("Escape")
    person.wait_for_screen("camera")

    # A picture on the clipboard.
    picture = tmp_path / "copied.png"
    cv2.imwrite(str(picture), np.full((200, 300, 3), (120, 150, 200), np.uint8))
    subprocess.run(
        ["xclip", "-selection", "clipboard", "-target", "image/png", "-in", str(picture)],
        env=person.environment,
        check=True,
    )
    person.press("ctrl+v")
    person.wait_for_screen("answer", "light_first")
    person.press("Escape")
    person.wait_for_screen("camera")

    # Escape on the first screen asks.
    person.press("Escape")
    person.click(TR["quit.yes"])
    deadline = time.monotonic() + TIMEOUT_S
    while not (tmp_path / "ended").exists():
        assert time.monotonic() < deadline, "the app did not end"
        time.sleep(0.05)
