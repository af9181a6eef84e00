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
from kivy.tests.common import UnitTestTouch  # noqa: E402
from stand_ins import ASKING_CARD, CARD, Oracle, StillCapture, StillPhone, StillSource, an_answer  # noqa: E402

from mobile_app import device_benchmark, saved_photos  # noqa: E402
from mobile_app.guidance import Guidance  # noqa: E402
from mobile_app.live_session import LiveState  # noqa: E402
from mobile_app.phone import SHARED_FOLDER  # noqa: E402
from mobile_app.settings import read_settings  # noqa: E402
from mobile_app.sources.photo_folder import PhotoFolder  # noqa: E402
from mobile_app.sources.source import SourceUnavailable  # noqa: E402
from mobile_app.texts import load_texts  # noqa: E402
from mobile_app.ui import app as app_module  # noqa: E402
from mobile_app.ui import root_widget  # noqa: E402
from mobile_app.ui.app import SkinApp  # noqa: E402
from mobile_app.ui.focus import focused, pressables  # noqa: E402
from mobile_app.ui.screens import save_share  # noqa: E402
from mobile_app.ui.screens.save_share import SAVED_FOLDER, open_share_sheet, save_answer  # noqa: E402
from mobile_app.ui.system_theme import SystemTheme  # noqa: E402
from triage.crop import CROP, Crop  # noqa: E402
from triage.errors import UnusableInput  # noqa: E402
from triage.spot import Spot  # noqa: E402

ENTER, ESCAPE, SPACE, TAB = 13, 27, 32, 9
MAX_FRAMES = 2000
SIZES = ((412, 915), (1280, 800), (800, 360), (320, 480))
GAPS_MS = (50, 100, 200, 300, 400, 500, 599)
TR = load_texts()
source, oracle = StillSource(), Oracle()
app = SkinApp(StillCapture(source), oracle, folder, SystemTheme("none"))


def key(code: int, letter: str = "", *modifiers: str) -> None:
    Window.dispatch("on_key_down", code, 0, letter, list(modifiers))
    Window.dispatch("on_key_up", code, 0)


def until(condition):
    """Frames until a condition holds."""
    for _ in range(MAX_FRAMES):
        if condition():
            return
        yield
    raise AssertionError(f"never came: line {condition.__code__.co_firstlineno}")


def name() -> str:
    return app._history[-1][0]


def labels() -> list[str]:
    return [widget.label for widget in pressables(app.root)]


def press(text: str) -> None:
    """What is called so; the last one lies on top."""
    [widget for widget in pressables(app.root) if widget.label == text][-1].action()


def texts_of(root) -> list[str]:
    return [widget.text for widget in root.walk() if getattr(widget, "text", None)]


def the_first_start_explains_and_is_remembered():
    assert name() == "first_run" and source.open_count == 0, "the camera ran before anybody agreed"
    app_module.read_clipboard = lambda: b"picture"
    key(ord("v"), "v", "ctrl")
    Window.dispatch("on_drop_file", str(folder / "dropped.jpg").encode(), 10, 10)
    Window.dispatch("on_drop_file", str(folder).encode(), 10, 10)
    yield
    assert name() == "first_run" and not oracle.asked, "what the app is not was passed over"
    key(TAB)
    yield
    assert focused(app.root.screen).label == TR["first.start"]
    key(ENTER)
    yield from until(lambda: name() == "camera")
    assert read_settings(folder).first_run_seen


def the_camera_shows_frames_in_one_texture():
    preview = app.root.screen.preview
    yield from until(lambda: preview.frame_count > 2)
    texture = preview._texture
    seen = preview.frame_count
    yield from until(lambda: preview.frame_count > seen + 5)
    assert preview._texture is texture
    # The guide is the model's centre crop, whole in view.
    (left, top, width, height), shown = CROP.box(320, 180), preview._shown
    assert shown[0] <= left and shown[1] <= top and left + width <= shown[2] and top + height <= shown[3]


def a_new_crop_moves_the_guide():
    preview = app.root.screen.preview
    before = preview._texture.pixels
    preview.crop = Crop(fraction=0.5)
    yield from until(lambda: preview._texture.pixels != before)
    preview.crop = CROP
    yield


def a_ring_marks_the_spot_while_the_model_is_sure():
    preview = app.root.screen.preview
    oracle.spot = Spot(0.4, 0.5, 0.2, 0.3, 0.1)
    yield from until(lambda: preview.frame_count > 2)
    assert preview.spot is None
    without = preview._texture.pixels
    oracle.spot = Spot(0.4, 0.5, 0.2, 0.3, 0.95)
    yield from until(lambda: preview.spot is not None and preview._texture.pixels != without)
    assert abs(preview.spot.x - 0.4) < 0.01
    oracle.spot = None
    yield from until(lambda: preview.spot is None)


def the_tips_are_for_the_crop_of_the_loaded_model():
    card = oracle.card
    oracle.card = {**card, "input": {**card["input"], "crop_fraction": 0.5}}
    assert app.capture.crop() == app.crop == Crop(fraction=0.5)
    oracle.card = card
    yield


def tap(widget) -> UnitTestTouch:
    """Press and release in the middle of a widget."""
    touch = UnitTestTouch(*widget.to_window(*widget.center))
    touch.touch_down()
    touch.touch_up()
    return touch


def show(guidance: Guidance | None) -> None:
    app.root.screen._show_state(LiveState("running", guidance))


def space_takes_the_picture_only_in_good_light():
    app.capture._on_state = lambda state: None  # the tests say what the light is
    show(Guidance("too_dark", False, {"exposure": -6.0, "limit": -5.0}))
    key(SPACE)
    yield
    assert name() == "camera" and not oracle.asked
    assert TR["action.cancel"] in labels()
    key(SPACE)
    show(Guidance(None, True))
    yield
    assert name() == "camera", "a press that was taken back took the picture"
    show(Guidance("too_dark", False))
    key(SPACE)
    show(None)  # no frames: nothing to wait for
    show(Guidance(None, True))
    yield
    assert name() == "camera"
    show(Guidance("too_dark", False))
    key(SPACE)
    yield
    show(Guidance(None, True))
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[1] is False
    assert not source.is_open or app.capture.session.state.status == "paused", "the camera runs behind the answer"


def escape_leads_back_to_the_camera():
    key(ESCAPE)
    yield from until(lambda: name() == "camera")
    yield from until(lambda: source.is_open)


def use_anyway_is_one_key_away_and_is_told():
    yield from until(lambda: app.capture.session.latest_frame() is not None)
    app.capture._on_state = lambda state: None
    show(Guidance("glare", False))
    key(ord("u"), "u", "numlock", "capslock")
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[1] is True
    app.reset_to("camera")
    yield


def why_opens_and_escape_closes_it():
    app.capture._on_state = lambda state: None
    show(Guidance("too_dark", False, {"exposure": -6.0, "limit": -5.0}))
    next(widget for widget in pressables(app.root) if widget.label == TR["camera.why"]).action()
    yield
    assert app.root._sheet is not None
    key(TAB)
    yield
    assert focused(app.root._sheet).label == TR["action.close"], "Tab left the sheet"
    key(ESCAPE)
    yield
    assert app.root._sheet is None and name() == "camera"


def poor_light_found_by_the_model_comes_before_the_answer():
    oracle.answer = an_answer(light=False, reasons=("uneven",), reason="poor_light")
    app.classify(an_answer().photo)
    yield from until(lambda: name() == "light_first")
    assert not oracle.asked.pop()[1]
    oracle.answer = an_answer("soon", light=False, reasons=("uneven",))
    next(widget for widget in pressables(app.root) if widget.label == TR["light.see_anyway"]).action()
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[1] and app._history[-1][1].keywords["answer"].ignore_light
    oracle.answer = an_answer()


def a_dropped_file_is_checked_and_a_dropped_folder_becomes_the_source():
    photo = folder / "dropped.jpg"
    Window.dispatch("on_drop_file", str(photo).encode(), 10, 10)
    yield from until(lambda: oracle.asked and name() == "answer")
    assert oracle.asked.pop()[0] == photo


def what_cannot_be_read_is_told():
    oracle.answer = an_answer()
    app.show_answer(type(oracle.answer)(None, "dropped.jpg: not a photo", None))
    yield
    assert name() == "photo_trouble"


def a_model_that_cannot_be_used_is_not_blamed_on_the_photo():
    oracle.problem = "stand-in.tflite is cut off."
    app.show_answer(type(oracle.answer)(None, oracle.problem, None))
    yield
    assert name() == "photo_trouble"
    assert TR["trouble.model"] in (told := texts_of(app.root.screen)) and any(oracle.problem in text for text in told)
    oracle.problem = None


def many_dropped_files_are_gone_through_as_one_set():
    chosen = []
    app.capture.switch_to = chosen.append
    for number in range(200):
        Window.dispatch("on_drop_file", str(folder / f"{number}.jpg").encode(), 10, 10)
    yield from until(lambda: chosen)
    del app.capture.switch_to
    assert isinstance(chosen[0], PhotoFolder) and len(chosen) == 1
    assert name() == "camera" and not oracle.asked


def the_sources_mark_the_current_one():
    for spec, marked in (("demo", TR["source.demo"]), (str(folder), folder.name)):
        app.capture.spec, app.capture.session.source.name = spec, folder.name
        app.reset_to("sources")
        yield
        assert [row.label for row in pressables(app.root.screen) if getattr(row, "end", "") == "check"] == [marked]
    app.capture.spec = "demo"


def escape_on_the_first_screen_asks():
    app.reset_to("camera")
    yield
    key(ESCAPE)
    yield
    assert app.root._sheet is not None and TR["quit.yes"] in labels()
    key(ESCAPE)
    yield
    assert app.root._sheet is None


def a_check_that_takes_long_can_be_left():
    oracle.submit = lambda photo, on_answer, *flags: None
    app.classify(b"slow")
    yield
    press(TR["action.back"])
    yield
    assert name() == "camera"
    del oracle.submit


def paste_takes_a_picture_or_says_that_there_is_none():
    app_module.read_clipboard = lambda: b"picture"
    key(ord("v"), "v", "ctrl")
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == b"picture"
    for found, words in ((None, "trouble.clipboard"), ("some words", "trouble.text")):
        app_module.read_clipboard = lambda found=found: found
        key(ord("v"), "v", "ctrl")
        yield from until(lambda: name() == "photo_trouble")
        assert TR[words] in texts_of(app.root.screen)
        app.reset_to("camera")
        yield


def settings_hold_at_once_and_after():
    app.reset_to("settings")
    yield
    app.change_settings(theme="dark", font_scale=1.5)
    yield
    assert app.style.theme == "dark" and Metrics.fontscale == 1.5 and name() == "settings"
    kept = read_settings(folder)
    assert (kept.theme, kept.font_scale) == ("dark", 1.5)
    app.change_settings(theme="light", font_scale=1.0)
    yield


def pausing_releases_the_camera_and_resuming_takes_it_again():
    app.reset_to("camera")
    yield from until(lambda: source.is_open)
    assert app.on_pause() is True
    yield from until(lambda: not source.is_open)
    app.on_resume()
    yield from until(lambda: source.is_open)
    yield from until(lambda: app.root.screen.preview.frame_count > 0)


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
    yield from until(lambda: TR["action.try_again"] in labels())
    assert {TR["action.other_source"], TR["action.open_photo"]} <= set(labels())
    source.read = read
    yield from until(lambda: TR["action.try_again"] not in labels())
    yield from until(lambda: app.capture.session.state.status == "running")


def o_opens_files_and_a_photo_in_the_list_is_checked():
    photo = folder / "in-the-list.jpg"
    photo.touch()
    app.reset_to("camera")
    yield
    key(ord("o"), "o")
    yield from until(lambda: name() == "files")
    app.root.screen.open_folder(folder)
    yield
    next(widget for widget in pressables(app.root) if widget.label == photo.name).action()
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == photo


def a_name_that_is_not_utf_8_is_shown_all_the_same():
    odd = folder / "odd"
    (odd / os.fsdecode(b"sub\xe9")).mkdir(parents=True)
    (odd / os.fsdecode(b"caf\xe9.jpg")).touch()
    app.reset_to("files", start=odd)
    yield
    yield
    assert {"sub?", "caf?.jpg"} <= set(texts_of(app.root.screen))
    app.reset_to("photo_trouble", what="photo", detail=os.fsdecode(b"caf\xe9.jpg: damaged"))
    yield
    yield


def a_source_that_is_gone_is_told_and_the_app_goes_on():
    app.use_source(str(folder / "pulled"))
    yield
    assert name() == "photo_trouble" and any("pulled" in text for text in texts_of(app.root.screen))
    press(TR["action.to_camera"])
    yield from until(lambda: app.capture.session.state.status == "running")


def the_introduction_offers_the_sources_if_nobody_chose_one():
    app.offer_sources = True
    app.reset_to("first_run")
    app.finish_first_run()
    yield
    assert name() == "sources"
    app.back()
    yield
    assert name() == "camera"
    app.offer_sources = False


def settings_on_a_full_disk_hold_until_the_end():
    def full(*_):
        raise UnusableInput("The disk is full.")

    kept, app_module.write_settings = app_module.write_settings, full
    app.reset_to("settings")
    app.change_settings(theme="dark")
    yield
    yield from until(lambda: "The disk is full." in texts_of(app.root))
    assert app.style.theme == "dark"
    app.settings = replace(app.settings, first_run_seen=False)
    app.reset_to("first_run")
    app.finish_first_run()
    yield
    assert name() == "camera" and app.settings.first_run_seen
    app_module.write_settings = kept
    app.change_settings(theme="light")
    yield


def fake_page(answer, texts, path):  # the real ones have tests of their own
    path.write_bytes(b"page")


def saving_and_sharing_write_only_when_asked():
    assert not (folder / SAVED_FOLDER).exists()
    save_answer(app, an_answer())
    yield
    assert list((folder / SAVED_FOLDER).iterdir()) and app.root._sheet is not None
    save_share.write_pdf = save_share.write_png = fake_page
    open_share_sheet(app, an_answer())
    yield
    for text in (TR["share.pdf"], TR["share.image"]):
        next(widget for widget in pressables(app.root) if widget.label == text).action()
        yield
        assert TR["action.show_folder"] in labels(), text
        open_share_sheet(app, an_answer())
        yield
    app.root.close_sheet()
    assert {path.name for path in Path.home().glob("skin-check.*")} == {"skin-check.pdf", "skin-check.png"}


def saved_pictures_are_looked_at_again_and_deleted():
    # The list shows times to the second, and two saves may share one.
    [earlier] = (folder / SAVED_FOLDER).iterdir()
    earlier.rename(earlier.with_name("2001-02-03-04-05-06-000000.png"))
    save_answer(app, an_answer())
    app.reset_to("saved")
    yield
    newest = max((folder / SAVED_FOLDER).iterdir())
    when = [widget.label for widget in pressables(app.root) if widget.label.startswith("20")]
    assert when == [saved_photos.saved_time(newest), "2001-02-03 04:05:06"]
    press(saved_photos.saved_time(newest))
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == newest
    app.reset_to("saved")
    yield
    press(TR["saved.delete"])
    yield
    assert list((folder / SAVED_FOLDER).iterdir()), "deleted before the person was asked"
    press(TR["action.cancel"])
    yield
    press(TR["saved.delete"])
    yield
    press(TR["saved.delete"])
    yield
    assert not list((folder / SAVED_FOLDER).iterdir()) and TR["saved.delete"] not in labels()


def a_phone_picks_and_shares_in_its_own_way():
    app.phone = phone = StillPhone(folder / SHARED_FOLDER)
    yield
    app.reset_to("sources")
    yield
    assert not {TR["source.folder"], TR["source.second_camera"]} & set(labels())
    app.reset_to("settings")
    yield
    assert TR["settings.system"] not in labels(), "its preference is not known"
    app.reset_to("sources")
    yield
    press(TR["action.open_photo"])
    yield from until(lambda: name() == "answer")
    assert oracle.asked.pop()[0] == b"picked"
    phone.trouble = "The photo is larger than 100 MB."
    app.open_photo()
    yield from until(lambda: name() == "photo_trouble")
    assert any("100 MB" in text for text in texts_of(app.root.screen))
    open_share_sheet(app, an_answer())
    yield
    assert not any("{place}" in text or str(Path.home()) in text for text in texts_of(app.root))
    for text, media_type in ((TR["share.pdf"], "application/pdf"), (TR["share.image"], "image/png")):
        press(text)
        assert phone.shared.pop() == (media_type, b"page")
        assert app.root._sheet is None
        open_share_sheet(app, an_answer())
        yield
    assert len(list((folder / SHARED_FOLDER).iterdir())) == 1, "what was shared before lies about"
    phone.refuses = True
    press(TR["share.image"])
    yield
    assert TR["action.close"] in labels() and not phone.shared
    save_answer(app, an_answer())
    yield
    assert TR["action.show_folder"] not in labels()
    app.root.close_sheet()
    app.reset_to("benchmark")
    yield
    phone.refuses = False
    app.root.screen.export()
    assert phone.shared.pop()[0] == "application/json"
    app.phone = None


def the_ring_stays_where_it_was_when_a_choice_is_made():
    app.reset_to("settings")
    yield
    dark = next(widget for widget in pressables(app.root.screen) if widget.label == TR["settings.dark"])
    dark.focused = True
    dark.action()
    yield
    now = focused(app.root.screen)
    assert now is not dark and now.label == TR["settings.dark"]
    now.disabled = True
    assert not now.focused, "two rings, once it can be pressed again"
    app.change_settings(theme="light")


def a_key_that_is_held_acts_once():
    app.reset_to("settings")
    yield
    for _ in range(3):
        Window.dispatch("on_key_down", ESCAPE, 0, "", [])
    yield
    assert name() == "camera"
    Window.dispatch("on_key_up", ESCAPE, 0)
    app.reset_to("about")
    yield
    yield
    for _ in range(2):  # scrolling goes on
        before = app.root.screen.scroll.scroll_y
        Window.dispatch("on_key_down", 274, 0, "", [])
        yield
        assert app.root.screen.scroll.scroll_y < before
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
    app.reset_to("benchmark")
    app.root.screen.measure()
    yield
    app.back()
    yield from until(ended.is_set)
    device_benchmark.run = run


def the_keyboard_reaches_everything_on_a_page():
    app.reset_to("settings")
    yield
    every = pressables(app.root.screen)
    reached = set()
    for _ in every:
        key(TAB)
        yield
        reached.add(focused(app.root.screen))
    assert reached == set(every)
    key(TAB, "", "shift")
    yield
    assert focused(app.root.screen) is every[-2]


def f1_opens_nothing_of_kivy():
    Window.dispatch("on_keyboard", 282, 0, None, [])
    yield
    assert Window.children == [app.root]


def the_arrow_keys_scroll():
    app.reset_to("about")
    yield
    yield
    before = app.root.screen.scroll.scroll_y
    key(274)
    yield
    assert app.root.screen.scroll.scroll_y < before


def a_double_tap_presses_nothing_on_what_has_just_opened():
    now, root_widget.PRESS_GUARD_S = [1000.0], 0.6
    root_widget.monotonic = lambda: now[0]
    usual, saved = Window.size, sorted((folder / SAVED_FOLDER).glob("*"))
    for size in SIZES:
        Window.size = size
        for gap_ms in GAPS_MS:
            app.reset_to("camera")
            yield from until(lambda: app.capture.session.latest_frame() is not None)
            now[0] += 1
            app.capture._on_state = lambda state: None
            show(Guidance(None, True))
            yield
            yield
            place = app.root.screen._shutter_button
            tap(place)
            yield from until(lambda: name() == "answer")
            now[0] += gap_ms / 1000
            for x, y in [place.center, *((size[0] * part / 6, 40) for part in range(1, 6))]:
                touch = UnitTestTouch(x, y)
                touch.touch_down()
                yield
                touch.touch_up()
                yield
            assert name() == "answer" and app.root._sheet is None, (size, gap_ms)
            assert saved == sorted((folder / SAVED_FOLDER).glob("*")), (size, gap_ms)
        now[0] += 1  # later it can be pressed
        yield
        tap(next(widget for widget in pressables(app.root) if widget.label == TR["action.share"]))
        yield
        assert app.root._sheet is not None, size
        tap(next(widget for widget in pressables(app.root) if widget.label == TR["action.cancel"]))
        yield
        assert app.root._sheet is not None, "a sheet that has just opened was pressed"
        now[0] += 1
        tap(next(widget for widget in pressables(app.root) if widget.label == TR["action.cancel"]))
        yield
        assert app.root._sheet is None
    Window.size, root_widget.PRESS_GUARD_S = usual, 0.0
    root_widget.monotonic = time.monotonic
    oracle.asked.clear()


def a_press_counts_only_on_the_screen_on_which_it_began():
    app.reset_to("camera")
    yield
    app.capture._on_state = lambda state: None
    show(Guidance("too_dark", False))
    yield
    button = app.root.screen._shutter_button
    touch = UnitTestTouch(*button.to_window(*button.center))
    touch.touch_down()
    app.reset_to("about")
    yield
    touch.touch_up()
    yield
    assert name() == "about" and not oracle.asked


def questions_come_before_the_answer_and_may_be_left_out():
    oracle.card, oracle.answer = ASKING_CARD, an_answer("soon")
    app.classify(b"picture")
    yield from until(lambda: name() == "questions")
    bleeds = next(column for column in app.root.screen.column.children if TR["question.bleed"] in texts_of(column))
    yes = pressables(bleeds)[0]
    yes.focused = True
    key(ENTER)
    yield from until(lambda: app.root.screen._given == {"bleed": "yes"})
    assert focused(bleeds).label == TR["choice.yes"], "the keyboard lost its place"
    press(TR["questions.show"])
    yield from until(lambda: name() == "answer")
    yield from until(lambda: TR["changed.title"] in texts_of(app.root.screen))
    press(TR["questions.change"])
    yield from until(lambda: name() == "questions" and app.root.screen._given == {"bleed": "yes"})
    press(TR["questions.skip"])
    yield from until(lambda: name() == "answer" and TR["spot.add"] in labels())
    assert TR["changed.title"] not in texts_of(app.root.screen)


def another_picture_of_the_spot_joins_the_answer():
    press(TR["spot.add"])
    yield from until(lambda: name() == "camera")
    press(TR["spot.ready"])
    key(ESCAPE)
    yield from until(lambda: name() == "answer")
    for count in (2, 3):
        yield from until(lambda: TR["spot.add"] in labels())
        press(TR["spot.add"])
        yield from until(lambda: name() == "camera")
        app.classify(b"another")
        yield from until(lambda: name() == "answer")
        assert len(app._history[-1][1].keywords["answer"].parts) == count
    assert TR["spot.add"] not in labels(), "a fourth picture was asked for"
    app.reset_to("camera")
    app.classify(b"another spot")
    yield from until(lambda: name() == "questions")  # nothing of the earlier spot is left
    oracle.card, oracle.answer = CARD, an_answer()
    app.reset_to("about")
    yield


CHECKS = [
    value for key_, value in list(globals().items())
    if callable(value) and getattr(value, "__module__", "") == "__main__" and key_.count("_") >= 3
]  # fmt: skip


def run_all():
    for check in CHECKS:
        yield from check()
        print("ok", check.__name__, flush=True)


root_widget.PRESS_GUARD_S = 0.0  # but where it is tested
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
