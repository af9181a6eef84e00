import threading
import time

import numpy as np
import pytest

from mobile_app.sources.source import SourceUnavailable

WIDTH, HEIGHT = 64, 48


@pytest.fixture
def phone(jnius):
    """The make-believe phone with its camera allowed; nothing of the camera may be left when a test ends."""
    phone = jnius.autoclass("android.hardware.camera2.Phone")
    threads = jnius.autoclass("android.os.HandlerThread")
    phone.reset()
    person(jnius, granted=True)
    show(phone, 100)
    threads.crash = None
    yield phone
    wait_for(lambda: phone.opened.get() == 0 and threads.running.get() == 0)
    assert threads.crash is None


@pytest.fixture
def camera(phone):
    from mobile_app.android.camera import AndroidCamera

    camera = AndroidCamera()
    yield camera
    camera.close()


def person(jnius, granted: bool, will_grant: bool = False):
    activity = jnius.autoclass("org.kivy.android.PythonActivity")
    activity.granted, activity.willGrant, activity.questions = granted, will_grant, 0
    return activity


def show(phone, grey: int, height: int = HEIGHT, width: int = WIDTH) -> None:
    """A grey picture with a white corner at its upper left, as the sensor sees it."""
    luma = np.full((height, width), grey, np.uint8)
    luma[: height // 4, : width // 4] = 255
    colors = np.full((height // 2, width // 2), 128, np.uint8)
    phone.show(luma.tobytes(), colors.tobytes(), colors.tobytes(), width, width // 2, 1)


def wait_for(condition, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def test_frames_are_pictures_of_the_camera_with_their_time(camera, phone):
    begun = time.monotonic()
    camera.open()
    first, second = camera.read(), camera.read()
    assert first.pixels.shape == (HEIGHT, WIDTH, 3)
    assert tuple(first.pixels[-1, -1]) == (100, 100, 100)
    assert tuple(first.pixels[0, 0]) == (255, 255, 255)
    assert (first.number, second.number) == (1, 2)
    assert begun <= first.time < second.time <= time.monotonic()
    assert phone.focusMode == 4  # CONTROL_AF_MODE_CONTINUOUS_PICTURE
    show(phone, 30)
    wait_for(lambda: camera.read().pixels[-1, -1, 0] == 30)
    assert first.pixels[-1, -1, 0] == 100  # a frame is not written over


def test_the_newest_picture_is_given_not_a_queue(camera, phone):
    camera.open()
    camera.read()
    for grey in (40, 50):
        show(phone, grey)
        taken = phone.pictures.get()
        wait_for(lambda: phone.pictures.get() >= taken + 5)  # noqa: B023
    assert camera.read().pixels[-1, -1, 0] == 50


def test_closing_releases_the_camera_and_opening_resumes(camera, phone):
    for number in (1, 2, 3):
        camera.open()
        assert phone.opened.get() == 1
        assert camera.read().number == number
        camera.close()
        camera.close()
        wait_for(lambda: phone.opened.get() == 0)
    with pytest.raises(SourceUnavailable):
        camera.read()


def test_closing_before_the_camera_has_opened_releases_it_too(camera, phone):
    phone.millisecondsToOpen = 150
    camera.open()
    camera.close()
    camera.open()
    assert camera.read().number == 1


def test_closing_ends_the_waiting_of_another_thread(camera, phone):
    phone.millisecondsToOpen = 100
    phone.millisecondsBetweenPictures = 60_000
    camera.open()
    camera.read()
    ends: list[object] = []

    def wait() -> None:
        try:
            ends.append(camera.read())
        except SourceUnavailable as error:
            ends.append(error.reason)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    camera.close()
    waiting.join(10)
    assert ends == ["unplugged"]


# android.hardware.camera2: CameraAccessException.CAMERA_IN_USE and others; CameraDevice.StateCallback.ERROR_*
@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ({"accessProblem": 4}, "busy"),
        ({"accessProblem": 5}, "busy"),
        ({"accessProblem": 1}, "denied"),
        ({"accessProblem": 2}, "unplugged"),
        ({"forbidden": True}, "denied"),
        ({"hasCamera": False}, "absent"),
        ({"openingError": 1}, "busy"),
        ({"openingError": 2}, "busy"),
        ({"openingError": 3}, "denied"),
        ({"openingError": 4}, "unplugged"),
    ],
)
def test_what_android_refuses_has_a_reason_and_may_pass(camera, phone, problem, reason):
    for name, value in problem.items():
        setattr(phone, name, value)
    camera.open()
    with pytest.raises(SourceUnavailable, match="Received: ") as caught:
        camera.read()
    assert caught.value.reason == reason
    phone.reset()
    camera.open()
    assert camera.read().number == 1


def test_a_camera_that_goes_away_while_it_runs(camera, phone):
    camera.open()
    camera.read()
    phone.pullOut()
    with pytest.raises(SourceUnavailable) as caught:
        for _ in range(1000):
            camera.read()
    assert caught.value.reason == "busy"
    camera.open()
    assert camera.read().pixels.shape == (HEIGHT, WIDTH, 3)


def test_a_camera_that_gives_nothing_is_given_up(camera, phone, monkeypatch):
    monkeypatch.setattr("mobile_app.android.camera.FRAME_TIMEOUT_MS", 100)
    phone.millisecondsToOpen = 400
    camera.open()
    with pytest.raises(SourceUnavailable, match="no picture in 0 s") as caught:
        camera.read()
    assert caught.value.reason == "unplugged"
    time.sleep(0.4)


@pytest.mark.parametrize(
    ("sensor", "screen", "front", "corner"),
    [
        # Where the white corner of the sensor's upper left is, upright: row and column, 0 or -1.
        (0, 0, False, (0, 0)),
        (90, 0, False, (0, -1)),  # most phones, held upright
        (90, 1, False, (0, 0)),  # turned left
        (90, 3, False, (-1, -1)),  # turned right
        (270, 0, False, (-1, 0)),
        (270, 0, True, (-1, 0)),  # most cameras that face the person
        (270, 1, True, (0, 0)),
    ],
)
def test_pictures_are_upright_however_the_phone_is_held(camera, phone, sensor, screen, front, corner):
    phone.sensorOrientation, phone.screenRotation, phone.frontOnly = sensor, screen, front
    camera.open()
    pixels = camera.read().pixels
    assert pixels.shape[:2] == ((WIDTH, HEIGHT) if sensor % 180 and not screen else (HEIGHT, WIDTH))
    white = {place for place in ((0, 0), (0, -1), (-1, 0), (-1, -1)) if pixels[place].min() > 200}
    assert white == {corner}


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ([4000, 3000, 640, 480, 1280, 720, 1920, 1080, 320, 240], (720, 1280)),
        ([720, 1280, 640, 480], (480, 640)),  # too high
        ([4000, 3000, 1920, 1080], (1080, 1920)),  # nothing small enough
    ],
)
def test_the_largest_picture_within_the_limits_is_taken(camera, phone, offered, taken):
    phone.offer(offered)
    show(phone, 90, *taken)
    camera.open()
    assert camera.read().pixels.shape == (*taken, 3)


def test_a_camera_without_a_picture_that_can_be_read_is_given_up(camera, phone):
    phone.offer([])
    camera.open()
    with pytest.raises(SourceUnavailable, match="NullPointerException") as caught:
        camera.read()
    assert caught.value.reason == "unplugged"


def test_video_range_is_told_by_the_picture(camera, phone):
    phone.dataSpace = 0x10000000 | 0x20000  # DataSpace.RANGE_LIMITED with BT.601's standard
    show(phone, 126)
    camera.open()
    assert abs(int(camera.read().pixels[-1, -1, 0]) - (126 - 16) * 255 / 219) < 1.5


def test_the_person_is_asked_once(camera, phone, jnius):
    activity = person(jnius, granted=False, will_grant=True)
    camera.open()
    assert (camera.read().number, activity.questions) == (1, 1)
    camera.close()
    camera.open()
    assert (camera.read().number, activity.questions) == (2, 1)


def test_a_person_who_says_no_is_not_asked_again_but_may_change_their_mind(camera, phone, jnius):
    activity = person(jnius, granted=False)
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="settings") as caught:
            camera.open()
        assert caught.value.reason == "denied"
    assert activity.questions == 1
    assert phone.opened.get() == 0
    activity.granted = True
    camera.open()
    assert camera.read().number == 1


def test_a_session_pauses_and_resumes_it_on_its_own_threads(camera, phone, no_classes_from_threads):
    from mobile_app.live_session import LiveSession

    session = LiveSession(camera)
    session.start()
    wait_for(lambda: session.latest_frame() is not None)
    session.pause()
    wait_for(lambda: phone.opened.get() == 0)
    session.resume()
    wait_for(lambda: session.latest_frame() is not None and session.state.status == "running")
    session.stop()
    wait_for(lambda: phone.opened.get() == 0)


def test_the_app_keeps_clear_of_androids_bars(jnius):
    activity = jnius.autoclass("org.kivy.android.PythonActivity").mActivity
    jnius.autoclass("org.skindistill.SystemBars").keepClear(activity)
    wait_for(lambda: activity.content.padding is not None)
    assert list(activity.content.padding) == [0, 90, 0, 60]
