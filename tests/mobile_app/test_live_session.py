import threading

import numpy as np
import pytest

from mobile_app import live_session
from mobile_app.guidance import Guidance
from mobile_app.live_session import LiveSession, LiveState
from mobile_app.sources.source import Frame, SourceUnavailable
from triage.crop import Crop
from triage.spot import Spot


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(live_session, "RETRY_S", (0.01, 0.02))
    monkeypatch.setattr(live_session, "STALLED_S", 0.3)


def unavailable(reason):
    return SourceUnavailable(reason, f"it is {reason}")


@pytest.fixture
def photo(lit_phantoms):
    return lit_phantoms[7][0]


@pytest.fixture
def begin(sessions):
    def started(source, **options):
        states: list[LiveState] = []
        session = LiveSession(source, on_state=states.append, **options)
        sessions.append(session)
        session.start()
        return session, states

    return started


def test_frames_and_guidance_come(begin, scripted, photo, until):
    session, states = begin(scripted(photo), analyse_hz=50)
    until(lambda: session.state.guidance, "guidance")
    assert session.latest_frame().pixels is photo
    until(lambda: session.state.guidance.ready, "ready")
    assert states[0].status == "running"
    assert session.state.guidance.frame_number <= session.latest_frame().number
    assert 0 <= session.state.guidance.delay_s < 5


def test_a_picture_is_the_sharpest_ready_frame_of_the_last_half_second(begin, scripted, photo, until, monkeypatch):
    session, _ = begin(scripted(photo), analyse_hz=50)
    until(lambda: session.state.guidance and session.state.guidance.ready, "ready")
    session.pause()
    until(lambda: session.state.status == "paused", "paused")
    assert session.best_frame() is None
    now = 1000.0
    monkeypatch.setattr(live_session.time, "monotonic", lambda: now)
    session._ready_frames.clear()
    session._frame = Frame(photo, now, 4)
    assert session.best_frame().number == 4  # nothing was ready
    for number, (age, sharpness) in enumerate(((0.7, 9.0), (0.4, 3.0), (0.2, 5.0), (0.0, 4.0))):
        session._keep_ready(Frame(photo, now - age, number), Guidance(None, True, sharpness=sharpness))
    assert session.best_frame().number == 2
    session._keep_ready(Frame(photo, now, 5), Guidance("blurry", False))
    assert session.best_frame().number == 4


def test_guidance_is_for_the_crop_of_the_model_of_the_moment(begin, scripted, photo, until):
    far = np.full((1080, 1920, 3), 150, np.uint8)
    far[360:720, 640:1280] = photo
    crops = [Crop()]
    session, _ = begin(scripted(far), analyse_hz=50, crop=lambda: crops[0])
    until(lambda: session.state.guidance and session.state.guidance.tip == "no_skin", "no skin in the wide crop")
    crops[0] = Crop(fraction=0.33)
    until(lambda: session.state.guidance.ready, "ready")


@pytest.mark.parametrize("reason", ["absent", "busy", "denied", "unplugged", "unreadable"])
def test_a_source_that_fails_is_told_and_tried_again_until_it_works(begin, scripted, photo, until, reason):
    session, states = begin(scripted(unavailable(reason), unavailable(reason), photo))
    until(lambda: session.state.status == "running", "running again")
    assert [state.status for state in states if state.status != "running"] == [reason]
    assert reason in states[0].detail


def test_unplugged_while_running_and_plugged_in_again(begin, scripted, photo, until):
    session, states = begin(scripted(photo, photo, photo, unavailable("unplugged"), photo))
    until(lambda: [s.status for s in states if not s.guidance] == ["running", "unplugged", "running"], "it resumed")
    assert session.latest_frame() is not None


def test_whatever_a_driver_throws_does_not_end_it(begin, scripted, photo, until):
    session, states = begin(scripted(RuntimeError("driver"), photo))
    until(lambda: session.state.status == "running", "running")
    assert (states[0].status, states[0].detail) == ("failed", "RuntimeError: driver")


def test_frames_that_are_no_pictures_are_passed_over(begin, scripted, photo, until):
    garbage = [np.zeros((4, 4, 3), np.uint8), np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)]
    session, states = begin(scripted(*garbage, photo, photo))
    until(lambda: session.state.status == "running", "running")
    assert states[0].status == "running"
    _, told = begin(scripted(*garbage, interval_s=0.0))
    until(lambda: told, "told")
    assert told[0].status == "unreadable"


def test_a_frame_that_cannot_be_measured_does_not_end_the_tips(begin, scripted, photo, until, monkeypatch):
    look, failed = live_session.FrameAnalyzer.analyze, []

    def fail_twice(guide, *given):
        if len(failed) < 2:
            failed.append(given)
            raise RuntimeError("too wide")
        return look(guide, *given)

    monkeypatch.setattr(live_session.FrameAnalyzer, "analyze", fail_twice)
    session, _ = begin(scripted(photo), analyse_hz=50)
    until(lambda: session.state.guidance, "guidance")


def test_pause_releases_the_source_and_resume_takes_it_again(begin, scripted, photo, until):
    source = scripted(photo)
    session, _ = begin(source)
    until(lambda: session.latest_frame(), "a frame")
    session.pause()
    until(lambda: session.state.status == "paused", "paused")
    assert not source.is_open
    assert session.latest_frame() is None
    assert session.state.guidance is None
    session.resume()
    until(lambda: session.latest_frame(), "a frame again")
    assert source.openings == 2


def test_pause_while_it_fails_and_resume_tries_at_once(begin, scripted, photo, until, monkeypatch):
    monkeypatch.setattr(live_session, "RETRY_S", (1000.0,))
    session, _ = begin(scripted(unavailable("absent"), photo))
    until(lambda: session.state.status == "absent", "absent")
    session.resume()
    until(lambda: session.state.status == "running", "running")


def test_a_file_ends_and_can_be_played_again(begin, scripted, photo, until):
    source = scripted(photo, photo, None, photo)
    session, _ = begin(source)
    until(lambda: session.state.status == "ended", "ended")
    assert not source.is_open
    session.resume()
    until(lambda: session.state.status == "running", "running")


def test_a_source_that_hangs_counts_as_unplugged(begin, scripted, photo, until):
    hold = threading.Event()

    class Hanging(scripted):
        def read(self):
            if self.count == 3:
                hold.wait(20)
            return super().read()

    session, _ = begin(Hanging(photo))
    until(lambda: session.state.status == "unplugged", "told that it hangs")
    session.pause()  # returns though the capture thread is held
    session.resume()
    hold.set()
    until(lambda: session.state.status == "running", "running again")


def test_stop_releases_everything_and_start_begins_anew(begin, scripted, photo, until):
    before = threading.active_count()
    source = scripted(photo)
    session, _ = begin(source)
    for _ in range(3):
        until(lambda: session.latest_frame(), "a frame")
        session.stop()
        assert not source.is_open
        assert session.latest_frame() is None
        assert threading.active_count() == before
        session.start()


def test_slow_analysis_takes_the_newest_frame_and_never_holds_the_capture(begin, scripted, photo, until, monkeypatch):
    look = live_session.FrameAnalyzer.analyze
    slow = threading.Event()

    def delayed(self, *arguments):
        slow.wait(0.1)
        return look(self, *arguments)

    monkeypatch.setattr(live_session.FrameAnalyzer, "analyze", delayed)
    _, states = begin(scripted(photo, interval_s=0.001))
    until(lambda: sum(bool(state.guidance) for state in states) >= 3, "three looks")
    numbers = [state.guidance.frame_number for state in states if state.guidance]
    assert max(np.diff(numbers)) > 3  # frames between were dropped, not queued


def test_the_spot_of_the_frames_is_part_of_the_guidance(begin, scripted, photo, until):
    session, _ = begin(scripted(photo), analyse_hz=50, find_spot=lambda frame: Spot(0.5, 0.5, 0.4, 0.5, 0.9))
    until(lambda: session.state.guidance and session.state.guidance.spot, "a spot")
    assert session.state.guidance.spot.x == pytest.approx(0.5)
