"""The packaged app, whole, on a make-believe phone: from main.py over Java to a window that nobody sees."""

import json

import pytest

from mobile_app.android.packaging.project import write_project
from mobile_app.android.packaging.spec import Identity
from mobile_app.settings import Settings, write_settings

SCRIPT = """
import json, os, runpy, sys, threading, time
sys.path[0] = sys.argv[1]
os.chdir(sys.argv[1])
import cv2
import numpy as np
from jnius import autoclass

phone = autoclass("android.hardware.camera2.Phone")
activity = autoclass("org.kivy.android.PythonActivity")
activity.willGrant = True
phone.offer([1280, 720])
phone.sensorOrientation, phone.millisecondsBetweenPictures = 90, 33
luma = np.random.default_rng(0).integers(90, 150, (720, 1280), dtype=np.uint8)
colors = np.full((360, 1280), 128, np.uint8).tobytes()
phone.show(luma.tobytes(), colors[:-1], colors[1:], 1280, 1280, 2)
files = autoclass("androidx.core.content.FileProvider")
photos = autoclass("android.content.ContentResolver")
seen = {}

def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.05)

def running():
    app = getattr(sys.modules.get("kivy.app"), "App", None)
    root = app and app.get_running_app() and app.get_running_app().root
    return root and root.screen

def on_screen(act):
    from kivy.clock import Clock
    done = []
    Clock.schedule_once(lambda _: done.append(act()))
    wait_for(lambda: done)
    return done[0]

def use():
    try:
        wait_for(running)
        app = sys.modules["kivy.app"].App.get_running_app()
        from mobile_app.ui.screens.save_share import export_file
        wait_for(lambda: phone.pictures.get() > 3 and app.classifier.card)
        padding = list(activity.mActivity.content.padding)
        seen.update(opened=phone.opened.get(), questions=activity.questions, padding=padding)
        seen["may_pause"] = on_screen(lambda: app.dispatch("on_pause"))
        wait_for(lambda: phone.opened.get() == 0)
        taken = phone.pictures.get()
        on_screen(lambda: app.dispatch("on_resume"))
        wait_for(lambda: phone.opened.get() == 1 and phone.pictures.get() > taken + 3)
        files.folder = str(app.folder / "shared")
        on_screen(lambda: export_file(app, "note.json", lambda path: path.write_text("{}")))
        wait_for(lambda: activity.started)
        seen["shared"] = activity.started.target.clip.uri.toString()
        activity.picks = "content://photos/1"
        photos.hold(cv2.imencode(".png", np.full((64, 64, 3), 120, np.uint8))[1].tobytes())
        on_screen(app.open_photo)
        wait_for(lambda: app._history[-1][0] not in ("camera", "checking"))
        seen["after_picking"] = app._history[-1][0]
        seen.update(model=str(app.classifier.model), problem=app.classifier.problem, folder=str(app.folder))
    finally:
        on_screen(app.stop)

threading.Thread(target=use).start()
runpy.run_path("main.py", run_name="__main__")
print("SEEN", json.dumps({**seen, "left_open": phone.opened.get()}))
"""


def test_the_packaged_app_runs_pauses_and_resumes(run_python, release, tmp_path):
    pytest.importorskip("kivy", reason="needs the extra app")
    write_project(release, tmp_path / "phone", Identity("Skin check", "org.example.skin", "1.2.3"))
    private = tmp_path / "private"
    write_settings(Settings(first_run_seen=True), private / "skin-distill")
    output = run_python(
        SCRIPT,
        str(tmp_path / "phone" / "app"),
        options=("-Xrs", "-Xmx256m"),
        SDL_VIDEODRIVER="offscreen",
        ANDROID_PRIVATE=str(private),
        XDG_DATA_HOME=None,
    )
    assert json.loads(output.split("SEEN ", 1)[1].splitlines()[0]) == {
        "opened": 1,
        "questions": 1,
        "padding": [0, 90, 0, 60],  # above and below: the make-believe bars
        "may_pause": True,
        "shared": "content://org.example.skin.shared/shared/note.json",
        "after_picking": "answer",
        "model": str(tmp_path / "phone" / "app" / "model.tflite"),
        "problem": None,
        "folder": str(private / "skin-distill"),
        "left_open": 0,
    }
