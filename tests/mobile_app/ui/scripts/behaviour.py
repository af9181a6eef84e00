"""Use the app by keyboard, drop, paste and settings in one window: behaviour.py FOLDER. Prints what failed."""

import os
import sys
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path

from mobile_app import main as app_main

folder = Path(sys.argv[1])
app_main.prepare_kivy(folder)

from kivy.clock import Clock  # noqa: E402  (Kivy is set up first)
from kivy.core.window import Window  # noqa: E402
from kivy.metrics import Metrics  # noqa: E402
from stand_ins import Oracle, StillCapture, StillPhone, StillSource, an_answer  # noqa: E402

from mobile_app import device_benchmark, keeping  # noqa: E402
from mobile_app.guidance import Guidance  # noqa: E402
from mobile_app.live import LiveState  # noqa: E402
from mobile_app.phone import SHARED  # noqa: E402
from mobile_app.settings import read_settings  # noqa: E402
from mobile_app.sources.source import SourceUnavailable  # noqa: E402
from mobile_app.ui import app as app_module  # noqa: E402
from mobile_app.ui.app import SkinApp  # noqa: E402
from mobile_app.ui.focus import focused, pressables  # noqa: E402
from mobile_app.ui.screens.keep import SAVED, keep, share_sheet  # noqa: E402
from mobile_app.ui.system_theme import SystemTheme  # noqa: E402
from triage.errors import UnusableInput  # noqa: E402

ENTER, ESCAPE, SPACE, TAB = 13, 27, 32, 9
MOST_FRAMES = 2000
source, oracle = StillSource(), Oracle()
app = SkinApp(StillCapture(source), oracle, folder, SystemTheme("none"))


def key(code: int, letter: str = "", *modifiers: str) -> None:
    Window.dispatch("on_key_down", code, 0, letter, list(modifiers))
    Window.dispatch("on_key_up", code, 0)


def until(condition):
    """Frames until a condition holds."""
    for _ in range(MOST_FRAMES):
        if condition():
            return
        yield
    raise AssertionError(f"never came: line {condition.__code__.co_firstlineno}")


def name() -> str:
    return app._history[-1][0]


def called() -> list[str]:
    return [widget.called for widget in pressables(app.shell)]


def press(text: str) -> None:
    """What is called so; the last one lies on top."""
    [widget for widget in pressables(app.shell) if widget.called == text][-1].action()


def texts_of(root) -> list[str]:
    return [widget.text for widget in root.walk() if getattr(widget, "text", None)]


def the_first_start_explains_and_is_remembered():
    assert name() == "first_run" and source.open_count == 0, "the camera ran before anybody agreed"
    app_module.pasted = lambda: b"picture"
    key(ord("v"), "v", "ctrl")
    Window.dispatch("on_drop_file", str(folder / "dropped.jpg").encode(), 10, 10)
    Window.dispatch("on_drop_file", str(folder).encode(), 10, 10)
    yield
    assert name() == "first_run" and not oracle.asked, "what the app is not was passed over"
    key(TAB)
    yield
    assert focused(app.shell.screen).called == "I understand, start"
    key(ENTER)
    yield from until(lambda: name() == "camera")
    assert read_settings(folder).first_run_seen


def the_camera_shows_frames_in_one_texture():
    preview = app.shell.screen.preview
    yield from until(lambda: preview.frame_count > 2)
    texture = preview._texture
    seen = preview.frame_count
    yield from until(lambda: preview.frame_count > seen + 5)
    assert preview._texture is texture
    # The guide is the model's centre crop, whole in view, in the proportions of the frame.
    left, bottom, width, height = preview.guide
    assert abs(width / height - 320 / 180) < 0.02
    assert (
        preview.x <= left and left + width <= preview.right and preview.y <= bottom and bottom + height <= preview.top
    )


def a_new_crop_moves_the_guide():
    preview = app.shell.screen.preview
    before = preview.guide
    preview.crop_fraction = 0.5
    yield
    assert preview.guide[2] < before[2] or preview._picture.size[0] > before[2]
    preview.crop_fraction = 0.8
    yield


def the_tips_are_for_the_crop_of_the_loaded_model():
    card = oracle.card
    oracle.card = {**card, "input": {**card["input"], "crop_fraction": 0.5}}
    assert app.capture.crop_fraction() == app.crop_fraction == 0.5
    oracle.card = card
    yield


def show(guidance: Guidance | None) -> None:
    app.shell.screen._show_state(LiveState("running", guidance))


def space_takes_the_picture_only_in_good_light():
    app.capture._on_state = lambda state: None  # the tests say what the light is
    show(Guidance("too_dark", False, {"exposure": -6.0, "limit": -5.0}))
    key(SPACE)
    yield
    assert name() == "camera" and not oracle.asked
    assert "Cancel" in called()
    show(Guidance(None, True))
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[1] is False
    assert not source.is_open or app.capture.state.status == "paused", "the camera runs behind the answer"


def escape_leads_back_to_the_camera():
    key(ESCAPE)
    yield from until(lambda: name() == "camera")
    yield from until(lambda: source.is_open)


def use_anyway_is_one_key_away_and_is_told():
    yield from until(lambda: app.capture.latest_frame() is not None)
    app.capture._on_state = lambda state: None
    show(Guidance("glare", False))
    key(ord("u"), "u", "numlock", "capslock")
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[1] is True
    app.restart("camera")
    yield


def why_opens_and_escape_closes_it():
    app.capture._on_state = lambda state: None
    show(Guidance("too_dark", False, {"exposure": -6.0, "limit": -5.0}))
    next(widget for widget in pressables(app.shell) if widget.called == "Why?").action()
    yield
    assert app.shell._sheet is not None
    key(TAB)
    yield
    assert focused(app.shell._sheet).called == "Close", "Tab left the sheet"
    key(ESCAPE)
    yield
    assert app.shell._sheet is None and name() == "camera"


def poor_light_found_by_the_model_comes_before_the_answer():
    oracle.answer = an_answer(light=False, reasons=("uneven",))
    app.check(an_answer().photo)
    yield from until(lambda: name() == "light_first")
    next(widget for widget in pressables(app.shell) if widget.called == "See the answer anyway").action()
    yield
    assert name() == "answer" and app._history[-1][1].keywords["answer"].despite_light
    oracle.answer = an_answer()


def a_dropped_file_is_checked_and_a_dropped_folder_becomes_the_source():
    photo = folder / "dropped.jpg"
    Window.dispatch("on_drop_file", str(photo).encode(), 10, 10)
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == photo


def what_cannot_be_read_is_told():
    oracle.answer = an_answer()
    app.show_answer(type(oracle.answer)(None, "dropped.jpg: not a photo", None, (0, 0, 0, 0), False, False))
    yield
    assert name() == "photo_trouble"


def a_model_that_cannot_be_used_is_not_blamed_on_the_photo():
    oracle.problem = "stand-in.tflite is cut off."
    app.show_answer(type(oracle.answer)(None, oracle.problem, None, (0, 0, 0, 0), False, False))
    yield
    assert name() == "photo_trouble"
    assert {"The model cannot be used", oracle.problem} <= set(texts_of(app.shell.screen))
    oracle.problem = None


def a_check_that_takes_long_can_be_left():
    oracle.submit = lambda photo, on_answer, despite_light: None
    app.check(b"slow")
    yield
    press("Back")
    yield
    assert name() == "camera"
    del oracle.submit


def paste_takes_a_picture_or_says_that_there_is_none():
    app_module.pasted = lambda: b"picture"
    key(ord("v"), "v", "ctrl")
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == b"picture"
    app_module.pasted = lambda: None
    key(ord("v"), "v", "ctrl")
    yield from until(lambda: name() == "photo_trouble")


def settings_hold_at_once_and_after():
    app.restart("settings")
    yield
    app.change(theme="dark", font_scale=1.5)
    yield
    assert app.look.theme == "dark" and Metrics.fontscale == 1.5 and name() == "settings"
    kept = read_settings(folder)
    assert (kept.theme, kept.font_scale) == ("dark", 1.5)
    app.change(theme="light", font_scale=1.0)
    yield


def pausing_releases_the_camera_and_resuming_takes_it_again():
    app.restart("camera")
    yield from until(lambda: source.is_open)
    assert app.on_pause() is True
    yield from until(lambda: not source.is_open)
    app.on_resume()
    yield from until(lambda: source.is_open)
    yield from until(lambda: app.shell.screen.preview.frame_count > 0)


def a_minimised_window_releases_the_camera():
    for away, back in (("on_minimize", "on_restore"), ("on_hide", "on_show")):
        Window.dispatch(away)
        yield from until(lambda: not source.is_open)
        Window.dispatch(back)
        yield from until(lambda: source.is_open)


def an_unplugged_camera_is_told_and_comes_back_by_itself():
    def gone():
        raise SourceUnavailable("unplugged", "gone")

    read = source.read
    source.read = gone
    yield from until(lambda: "Try again" in called())
    assert {"Other source", "Open photo"} <= set(called())
    source.read = read
    yield from until(lambda: "Try again" not in called())
    yield from until(lambda: app.capture.state.status == "running")


def o_opens_files_and_a_photo_in_the_list_is_checked():
    photo = folder / "in-the-list.jpg"
    photo.touch()
    app.restart("camera")
    yield
    key(ord("o"), "o")
    yield from until(lambda: name() == "files")
    app.shell.screen.open_folder(folder)
    yield
    next(widget for widget in pressables(app.shell) if widget.called == photo.name).action()
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == photo


def a_name_that_is_not_utf_8_is_shown_all_the_same():
    odd = folder / "odd"
    (odd / os.fsdecode(b"sub\xe9")).mkdir(parents=True)
    (odd / os.fsdecode(b"caf\xe9.jpg")).touch()
    app.restart("files", start=odd)
    yield
    yield
    assert {"sub?", "caf?.jpg"} <= set(texts_of(app.shell.screen))
    app.restart("photo_trouble", what="photo", detail=os.fsdecode(b"caf\xe9.jpg: damaged"))
    yield
    yield


def a_source_that_is_gone_is_told_and_the_app_goes_on():
    app.use_source(str(folder / "pulled"))
    yield
    assert name() == "photo_trouble" and any("pulled" in text for text in texts_of(app.shell.screen))
    press("To the camera")
    yield from until(lambda: app.capture.state.status == "running")


def settings_on_a_full_disk_hold_until_the_end():
    def full(*_):
        raise UnusableInput("The disk is full.")

    kept, app_module.write_settings = app_module.write_settings, full
    app.restart("settings")
    app.change(theme="dark")
    yield
    assert app.look.theme == "dark" and "The disk is full." in texts_of(app.shell)
    app.settings = replace(app.settings, first_run_seen=False)
    app.restart("first_run")
    app.start_using()
    yield
    assert name() == "camera" and app.settings.first_run_seen
    app_module.write_settings = kept
    app.change(theme="light")
    yield


def saving_and_sharing_write_only_when_asked():
    assert not (folder / SAVED).exists()
    keep(app, an_answer())
    yield
    assert list((folder / SAVED).iterdir()) and app.shell._sheet is not None
    keeping.to_pdf = keeping.to_image = lambda answer, path, texts: path.write_bytes(b"page")  # has tests of its own
    share_sheet(app, an_answer())
    yield
    for text in ("PDF document", "Image"):
        next(widget for widget in pressables(app.shell) if widget.called == text).action()
        yield
        assert "Show in folder" in called(), text
        share_sheet(app, an_answer())
        yield
    app.shell.close_sheet()
    assert {path.name for path in Path.home().glob("skin-check.*")} == {"skin-check.pdf", "skin-check.png"}


def saved_pictures_are_looked_at_again_and_deleted():
    # The list shows times to the second, and two saves may share one.
    [earlier] = (folder / SAVED).iterdir()
    earlier.rename(earlier.with_name("2001-02-03-04-05-06-000000.png"))
    keep(app, an_answer())
    app.restart("saved")
    yield
    newest = max((folder / SAVED).iterdir())
    when = [widget.called for widget in pressables(app.shell) if widget.called.startswith("20")]
    assert when == [keeping.saved_when(newest), "2001-02-03 04:05:06"]
    press(keeping.saved_when(newest))
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == newest
    app.restart("saved")
    yield
    press("Delete all")
    yield
    assert list((folder / SAVED).iterdir()), "deleted before the person was asked"
    press("Cancel")
    yield
    press("Delete all")
    yield
    press("Delete all")
    yield
    assert not list((folder / SAVED).iterdir()) and "Delete all" not in called()


def a_phone_picks_and_shares_in_its_own_way():
    app.phone = phone = StillPhone(folder / SHARED)
    yield
    app.restart("sources")
    yield
    assert not {"Folder of photos", "Second camera"} & set(called())
    app.restart("settings")
    yield
    assert "Device" not in called(), "its preference is not known"
    app.restart("sources")
    yield
    press("Open photo")
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == b"picked"
    phone.trouble = "The photo is larger than 100 MB."
    app.open_photo()
    yield from until(lambda: name() == "photo_trouble")
    assert any("100 MB" in text for text in texts_of(app.shell.screen))
    share_sheet(app, an_answer())
    yield
    assert not any("{place}" in text or str(Path.home()) in text for text in texts_of(app.shell))
    for text, media_type in (("PDF document", "application/pdf"), ("Image", "image/png")):
        press(text)
        assert phone.shared.pop() == (media_type, b"page")
        assert app.shell._sheet is None
        share_sheet(app, an_answer())
        yield
    assert len(list((folder / SHARED).iterdir())) == 1, "what was shared before lies about"
    phone.refuses = True
    press("Image")
    yield
    assert "Close" in called() and not phone.shared
    keep(app, an_answer())
    yield
    assert "Show in folder" not in called()
    app.shell.close_sheet()
    app.restart("benchmark")
    yield
    phone.refuses = False
    app.shell.screen.export()
    assert phone.shared.pop()[0] == "application/json"
    app.phone = None


def the_ring_stays_where_it_was_when_a_choice_is_made():
    app.restart("settings")
    yield
    dark = next(widget for widget in pressables(app.shell.screen) if widget.called == "Dark")
    dark.focused = True
    dark.action()
    yield
    now = focused(app.shell.screen)
    assert now is not dark and now.called == "Dark"
    now.disabled = True
    assert not now.focused, "two rings, once it can be pressed again"
    app.change(theme="light")


def a_key_that_is_held_acts_once():
    app.restart("settings")
    yield
    for _ in range(3):
        Window.dispatch("on_key_down", ESCAPE, 0, "", [])
    yield
    assert name() == "camera"
    Window.dispatch("on_key_up", ESCAPE, 0)
    app.restart("about")
    yield
    yield
    for _ in range(2):  # scrolling goes on
        before = app.shell.screen.scroll.scroll_y
        Window.dispatch("on_key_down", 274, 0, "", [])
        yield
        assert app.shell.screen.scroll.scroll_y < before
    Window.dispatch("on_key_up", 274, 0)


def a_measurement_ends_with_its_screen():
    ended = threading.Event()

    def endless(model, progress, seconds):
        try:
            while True:
                progress(0.5)
                time.sleep(0.01)
        finally:
            ended.set()

    run, device_benchmark.run = device_benchmark.run, endless
    app.restart("benchmark")
    app.shell.screen.measure()
    yield
    app.back()
    yield from until(ended.is_set)
    device_benchmark.run = run


def the_keyboard_reaches_everything_on_a_page():
    app.restart("settings")
    yield
    every = pressables(app.shell.screen)
    reached = set()
    for _ in every:
        key(TAB)
        yield
        reached.add(focused(app.shell.screen))
    assert reached == set(every)
    key(TAB, "", "shift")
    yield
    assert focused(app.shell.screen) is every[-2]


def f1_opens_nothing_of_kivy():
    Window.dispatch("on_keyboard", 282, 0, None, [])
    yield
    assert Window.children == [app.shell]


def the_arrow_keys_scroll():
    app.restart("about")
    yield
    yield
    before = app.shell.screen.scroll.scroll_y
    key(274)
    yield
    assert app.shell.screen.scroll.scroll_y < before


CHECKS = [
    value for key_, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == "__main__" and key_.count("_") >= 3
]  # fmt: skip


def run_all():
    for check in CHECKS:
        yield from check()
        print("ok", check.__name__, flush=True)


running = None


def step(_: float) -> None:
    global running
    running = running or run_all()
    try:
        next(running)
    except StopIteration:
        app.stop()
    except Exception:
        traceback.print_exc()
        app.stop()
        sys.exit(1)


Clock.schedule_interval(step, 0)
app.run()
assert not source.is_open, "the source is still open after the window has closed"
