"""A running frame source: frames for the screen and guidance for the person, on threads of their own."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from mobile_app.guidance import FrameAnalyzer, Guidance
from mobile_app.sources.source import Frame, FrameSource, SourceUnavailable
from triage.crop import CROP, Crop
from triage.errors import SkinDistillError
from triage.photo import Photo, check_photo
from triage.spot import Spot

RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Delays before a failed source is tried again; the last one repeats."""
STALLED_S = 2.0
"""A live source without frames for this long counts as unplugged."""
BEST_OF_S = 0.5
"""A picture is the sharpest ready frame of this time, so that what was ready is not blurred by the press."""
MAX_UNUSABLE_FRAMES = 30
"""After this many unusable frames in a row, about a second, the source is opened again."""


@dataclass(frozen=True)
class LiveState:
    """State of a session.

    Attributes:
        status: "starting", "running", "paused", "ended" (a file), a reason from `SourceUnavailable`, or "failed" (any
            other error). All errors are retried.
        guidance: for the latest analysed frame; None before the first one and while no frames arrive.
        detail: the source's own error message, in English.
    """

    status: str
    guidance: Guidance | None = None
    detail: str = ""


class LiveSession:
    """Captures on one thread and analyses the latest frame on another.

    Screen and analysis always take the newest frame; frames in between are dropped. A failing source is retried until
    it works.

    Attributes:
        source: the frame source; only the capture thread uses it.
        state: the latest state.
    """

    def __init__(
        self,
        source: FrameSource,
        analyse_hz: float = 10.0,
        on_state: Callable[[LiveState], None] = lambda state: None,
        crop: Callable[[], Crop] = lambda: CROP,
        find_spot: Callable[[Photo], Spot | None] = lambda frame: None,
    ):
        """Prepare a session of a source that is not yet opened; `start` runs it.

        Args:
            source: of frames.
            analyse_hz: maximum analyses per second.
            on_state: receives each new state, one at a time, on a thread of the session; must return at once.
            crop: returns what the model sees of a photo, which may load later than the source.
            find_spot: returns the spot in a frame, None if the model cannot; called on the analysis thread.
        """
        self.source = source
        self.state = LiveState("starting")
        self._on_state, self._crop, self._find_spot = on_state, crop, find_spot
        self._interval_s = 1 / analyse_hz
        self._frame: Frame | None = None
        self._frame_count = 0
        self._ready_frames: deque[tuple[float, Frame]] = deque()  # sharpness, frame
        self._open_count = 0  # so that guidance never spans two openings
        self._changed = threading.Condition()
        self._state_lock = threading.RLock()
        self._wanted = self._stopped = self._woken = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Open the source and run; also after `stop`. Does nothing while running."""
        if self._threads and not self._stopped:
            return
        earlier, self._stopped, self._wanted = self._threads, False, True
        self._set_state(LiveState("starting"))
        self._threads = [
            threading.Thread(target=self._capture, args=(earlier,), name="capture", daemon=True),
            threading.Thread(target=self._analyse, args=(earlier,), name="analysis", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Release the source after the current read, until `resume`. Returns at once."""
        self._request(wanted=False)

    def resume(self) -> None:
        """Open the source again, replay a file that has ended, or retry a failed source now. Returns at once."""
        self._request(wanted=True)

    def stop(self, wait_s: float = 2.0) -> None:
        """Release the source and end the threads, waiting for at most `wait_s`: a driver may block for seconds."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        deadline = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def latest_frame(self) -> Frame | None:
        """Return the newest frame, None if there is none. Never blocks."""
        return self._frame

    def best_frame(self) -> Frame | None:
        """Return the sharpest ready frame of the last `BEST_OF_S`, or else the newest frame. Never blocks."""
        with self._changed:
            ready = [pair for pair in self._ready_frames if time.monotonic() - pair[1].time <= BEST_OF_S]
        return max(ready, key=lambda pair: pair[0])[1] if ready and self._frame is not None else self._frame

    def _request(self, wanted: bool) -> None:
        with self._changed:
            self._wanted, self._woken = wanted, True
            self._changed.notify_all()

    def _sleep(self, seconds: float | None) -> None:
        """Sleep (None: for ever) until `pause`, `resume` or `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._woken, seconds)
            self._woken = False

    def _set_state(self, state: LiveState) -> None:
        with self._state_lock:
            if state != self.state:
                self.state = state
                self._on_state(state)

    def _capture(self, earlier: list[threading.Thread]) -> None:
        _join(earlier)
        failures = 0
        while not self._stopped:
            if not self._wanted:
                self._set_state(LiveState("paused"))
                self._sleep(None)
                continue
            if self.state.status == "paused":
                self._set_state(LiveState("starting"))
            before = self._frame_count
            end = self._capture_until_end()
            if end is None:
                continue
            self._set_state(end)
            failures = 1 if self._frame_count > before else failures + 1
            self._sleep(None if end.status == "ended" else RETRY_S[min(failures, len(RETRY_S)) - 1])

    def _capture_until_end(self) -> LiveState | None:
        """Capture until the source ends or fails (returns that state) or is no longer wanted (None)."""
        unusable = 0
        try:
            self.source.open()
            self._open_count += 1
            while self._wanted and not self._stopped:
                frame = self.source.read()
                if frame is None:
                    return LiveState("ended")
                if problem := _problem(frame):
                    unusable += 1
                    if unusable == MAX_UNUSABLE_FRAMES:
                        return LiveState("unreadable", detail=problem)
                    continue
                unusable = 0
                self._publish(frame)
        except SourceUnavailable as error:
            return LiveState(error.reason, detail=str(error))
        except Exception as error:  # no driver error may end the app
            return LiveState("failed", detail=f"{type(error).__name__}: {error}")
        finally:
            self._frame = None
            with suppress(Exception):
                self.source.close()
        return None

    def _publish(self, frame: Frame) -> None:
        with self._changed:
            self._frame = frame
            self._frame_count += 1
            self._changed.notify_all()
        if self.state.status != "running":
            self._set_state(LiveState("running"))

    def _analyse(self, earlier: list[threading.Thread]) -> None:
        _join(earlier)
        analyzer, opened, seen = FrameAnalyzer(), 0, 0
        while not self._stopped:
            started = time.monotonic()
            with self._changed:
                arrived = self._changed.wait_for(partial(self._has_new_frame, seen), STALLED_S)
                frame, seen, now_opened = self._frame, self._frame_count, self._open_count
            if not arrived:
                self._set_stalled()
            if frame is None or not arrived:
                continue
            if now_opened != opened:
                analyzer, opened = FrameAnalyzer(), now_opened
            try:
                guidance = analyzer.analyze(frame, self._crop(), self._find_spot(frame.pixels))
                self._keep_ready(frame, guidance)
                self._set_guidance(guidance, opened)
            except Exception:  # a frame that cannot be measured must not end the tips
                analyzer = FrameAnalyzer()
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, max(0.0, started + self._interval_s - time.monotonic()))

    def _keep_ready(self, frame: Frame, guidance: Guidance) -> None:
        with self._changed:
            if not guidance.ready:
                self._ready_frames.clear()
                return
            self._ready_frames.append((guidance.sharpness, frame))
            while frame.time - self._ready_frames[0][1].time > BEST_OF_S:
                self._ready_frames.popleft()

    def _has_new_frame(self, seen: int) -> bool:
        return self._stopped or (self._frame is not None and self._frame_count != seen)

    def _set_guidance(self, guidance: Guidance, opened: int) -> None:
        with self._state_lock:
            if self.state.status == "running" and self._open_count == opened:
                self._set_state(LiveState("running", guidance))

    def _set_stalled(self) -> None:
        with self._state_lock:
            if self.state.status == "running" and self._wanted:
                self._frame = None
                detail = f"No frames from {self.source.name} for {STALLED_S:.0f} s."
                self._set_state(LiveState("unplugged", detail=detail))


def _join(threads: list[threading.Thread]) -> None:
    """Wait for the threads of an earlier start, so that two never use one source."""
    for thread in threads:
        thread.join()


def _problem(frame: Frame) -> str:
    """Return why a frame is unusable; empty if it is fine."""
    try:
        check_photo(frame.pixels, "frame")
    except SkinDistillError as error:
        return str(error)
    return ""
