import time

import cv2
import numpy as np
import pytest

from mobile_app.sources import SourceUnavailable, camera, open_source
from mobile_app.sources.camera import Camera
from mobile_app.sources.phantom_stream import FOLDER, PhantomStream, phantom_pictures
from mobile_app.sources.photo_folder import PhotoFolder
from mobile_app.sources.source import FrameTimer
from mobile_app.sources.video import VideoFile
from triage.errors import UnusableInput
from triage.skin_tone import TONE_BUCKETS, measure_skin_tone


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(FrameTimer, "wait", lambda self: time.monotonic())


class FakeCapture:
    """cv2.VideoCapture of a camera that gives what it is told to."""

    opens = True
    script: list = []  # noqa: RUF012
    released = 0

    def __init__(self, number):
        self.settings = {}

    def isOpened(self):
        return self.opens

    def set(self, key, value):
        self.settings[key] = value

    def read(self):
        picture = FakeCapture.script.pop(0) if FakeCapture.script else None
        return picture is not None, picture

    def release(self):
        FakeCapture.released += 1


@pytest.fixture
def fake_camera(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    monkeypatch.setattr(FakeCapture, "opens", True)
    monkeypatch.setattr(FakeCapture, "script", [])
    return FakeCapture


def test_a_camera_gives_rgb_and_is_released(fake_camera):
    fake_camera.script[:] = [np.full((48, 64, 3), (10, 20, 30), np.uint8), None, np.full((48, 64, 3), 9, np.uint8)]
    source = Camera(0)
    source.open()
    first = source.read()
    assert first.pixels[0, 0].tolist() == [30, 20, 10]
    second = source.read()  # one failed read is passed over
    assert second.number == first.number + 1
    assert second.time >= first.time
    before = fake_camera.released
    source.close()
    source.close()
    assert fake_camera.released == before + 1


def test_a_camera_that_goes_away_is_unplugged(fake_camera):
    source = Camera(0)
    source.open()
    with pytest.raises(SourceUnavailable) as caught:
        source.read()
    assert caught.value.reason == "unplugged"


@pytest.mark.parametrize(("exists", "allowed", "reason"), [(0, 0, "absent"), (1, 0, "denied"), (1, 1, "busy")])
def test_why_a_camera_does_not_open(fake_camera, monkeypatch, exists, allowed, reason):
    monkeypatch.setattr(fake_camera, "opens", False)
    monkeypatch.setattr(camera.sys, "platform", "linux")
    monkeypatch.setattr(camera.Path, "exists", lambda self: bool(exists))
    monkeypatch.setattr(camera.os, "access", lambda *_: bool(allowed))
    with pytest.raises(SourceUnavailable) as caught:
        Camera(3).open()
    assert caught.value.reason == reason
    assert "Received" in str(caught.value)


def test_a_video_is_read_to_its_end_and_again(tmp_path):
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    if not writer.isOpened():
        pytest.skip("this OpenCV writes no video")
    for value in (40, 120, 200):
        writer.write(np.full((48, 64, 3), (value, 0, 0), np.uint8))
    writer.release()
    source = open_source(str(path))
    for _ in range(2):
        source.open()
        frames = []
        while (frame := source.read()) is not None:
            frames.append(frame)
        assert len(frames) == 3
        assert frames[-1].pixels[..., 2].mean() == pytest.approx(200, abs=8)
        assert frames[-1].pixels[..., 0].mean() < 20
        source.close()


def test_what_is_no_video_is_unreadable(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film")
    with pytest.raises(SourceUnavailable) as caught:
        VideoFile(path).open()
    assert caught.value.reason == "unreadable"


def test_a_folder_turns_over_its_photos_and_passes_over_the_rest(tmp_path):
    for name, value in (("a.png", 50), ("c.png", 150)):
        cv2.imwrite(str(tmp_path / name), np.full((64, 64, 3), value, np.uint8))
    for name in ("b.jpg", "b.txt"):
        (tmp_path / name).write_text("no photo")
    (tmp_path / ".bin").mkdir()
    cv2.imwrite(str(tmp_path / ".bin" / "b.png"), np.full((64, 64, 3), 200, np.uint8))
    source = open_source(str(tmp_path))
    assert not source.live
    source.open()
    seen = []
    for step in (0, 0, 1, 1, -1, -1):
        if step:
            source.turn(step)
        seen.append(int(source.read().pixels[0, 0, 0]))
    assert seen == [50, 50, 150, 50, 150, 50]
    source.close()


@pytest.mark.parametrize("there", [True, False])
def test_files_that_are_missing_are_no_missing_camera(tmp_path, there):
    for source in (PhotoFolder(tmp_path if there else tmp_path / "gone"), VideoFile(tmp_path / "gone.mp4")):
        with pytest.raises(SourceUnavailable) as caught:
            source.open()
        assert caught.value.reason == "unreadable"


def test_the_demo_needs_no_teacher_and_little_room():
    pictures = phantom_pictures()
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000
    assert {measure_skin_tone(picture).bucket for picture in pictures} == set(TONE_BUCKETS)
    source = PhantomStream()
    source.open()
    frames = [source.read() for _ in range(3)]
    assert [frame.number for frame in frames] == [1, 2, 3]
    assert all(frame.pixels.shape == (720, 1280, 3) and frame.pixels.flags.c_contiguous for frame in frames)


@pytest.mark.parametrize("spec", ["nowhere.mp4", "", "cam"])
def test_a_source_that_is_none_is_refused(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableInput, match="Received"):
        open_source(spec or "no-such-thing")
