"""A running source: frames for the screen and guidance for the person, neither of which ever makes the screen wait."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from mobile_app.guidance import Guidance, Guide
from mobile_app.sources.source import Frame, FrameSource, SourceUnavailable
from triage.errors import SkinDistillError
from triage.photo import CROP_FRACTION, check_photo

RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Waits before a source is tried again; the last one repeats. A camera just plugged in is seen within four seconds."""
STALLED_S = 2.0
"""A live source that gives nothing for so long counts as unplugged, though it may not know yet."""
MOST_UNUSABLE = 30
"""So many frames in a row that are no pictures, a second of them, and the source is opened anew."""


@dataclass(frozen=True)
class LiveState:
    """What the screen shows.

    Attributes:
        status: "starting", "running", "paused", "ended" (a file), or why there are no frames: "absent", "busy",
            "denied", "unplugged", "unreadable" (as of `SourceUnavailable`), or "failed" (anything else). All of the
            last six are tried again.
        guidance: of the latest frame looked at; None until there is one, and whenever no frames come.
        detail: what the source says about itself, for whoever wants to know; in English.
    """

    status: str
    guidance: Guidance | None = None
    detail: str = ""


class LiveSession:
    """Captures on one thread and looks at the latest frame on another.

    Frames that nobody had time for are dropped: the screen and the guide take the newest one. A source that fails is
    tried again until it works.

    Example:
        >>> session = LiveSession(open_source("demo"))  # doctest: +SKIP
        >>> session.start()  # doctest: +SKIP

    Attributes:
        source: where the frames come from; used by the capture thread alone.
        state: the newest state.
    """

    def __init__(
        self,
        source: FrameSource,
        analyse_hz: float = 10.0,
        on_state: Callable[[LiveState], None] = lambda state: None,
        crop_fraction: Callable[[], float] = lambda: CROP_FRACTION,
    ):
        """Nothing runs before `start`.

        Args:
            source: not opened.
            analyse_hz: how often a frame is looked at, at most.
            on_state: told every new state, on a thread of the session, one call at a time; it must return at once.
            crop_fraction: gives the share of each side that the model sees, which may be loaded later than the source;
                called on a thread of the session.
        """
        self.source = source
        self.state = LiveState("starting")
        self._on_state, self._crop_fraction = on_state, crop_fraction
        self._interval_s = 1 / analyse_hz
        self._frame: Frame | None = None
        self._shown = 0  # counts frames
        self._opened = 0  # counts openings, so that guidance never settles across two of them
        self._changed = threading.Condition()
        self._telling = threading.RLock()
        self._wanted = self._stopped = self._poked = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Open the source and begin; after `stop` once more. A session that runs goes on."""
        if self._threads and not self._stopped:
            return
        earlier, self._stopped, self._wanted = self._threads, False, True
        self._tell(LiveState("starting"))
        self._threads = [
            threading.Thread(target=self._capture, args=(earlier,), name="capture", daemon=True),
            threading.Thread(target=self._analyse, args=(earlier,), name="analysis", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Release the source until `resume`: as soon as the frame that is being read is there. Returns at once."""
        self._set(wanted=False)

    def resume(self) -> None:
        """Open the source again, play a file that has ended again, or try at once what failed. Returns at once."""
        self._set(wanted=True)

    def stop(self, wait_s: float = 2.0) -> None:
        """Release the source and end the threads.

        Args:
            wait_s: how long to wait for them at most; a driver can hold a thread for some seconds.
        """
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        until = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def latest_frame(self) -> Frame | None:
        """Return the newest frame; None while none come. Never waits."""
        return self._frame

    def _set(self, wanted: bool) -> None:
        with self._changed:
            self._wanted, self._poked = wanted, True
            self._changed.notify_all()

    def _sleep(self, seconds: float | None) -> None:
        """Sleep for some seconds (None: for ever), or until `pause`, `resume` or `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._poked, seconds)
            self._poked = False

    def _tell(self, state: LiveState) -> None:
        with self._telling:
            if state != self.state:
                self.state = state
                self._on_state(state)

    def _capture(self, earlier: list[threading.Thread]) -> None:
        _join(earlier)
        failures = 0
        while not self._stopped:
            if not self._wanted:
                self._tell(LiveState("paused"))
                self._sleep(None)
                continue
            if self.state.status == "paused":
                self._tell(LiveState("starting"))
            before = self._shown
            end = self._film()
            if end is None:
                continue
            self._tell(end)
            failures = 1 if self._shown > before else failures + 1
            self._sleep(None if end.status == "ended" else RETRY_S[min(failures, len(RETRY_S)) - 1])

    def _film(self) -> LiveState | None:
        """Take frames until the source ends or fails, which is the state returned, or until it is not wanted: None."""
        unusable = 0
        try:
            self.source.open()
            self._opened += 1
            while self._wanted and not self._stopped:
                frame = self.source.read()
                if frame is None:
                    return LiveState("ended")
                if problem := _problem(frame):
                    unusable += 1
                    if unusable == MOST_UNUSABLE:
                        return LiveState("unreadable", detail=problem)
                    continue
                unusable = 0
                self._show(frame)
        except SourceUnavailable as error:
            return LiveState(error.reason, detail=str(error))
        except Exception as error:  # whatever a driver throws must not end the app
            return LiveState("failed", detail=f"{type(error).__name__}: {error}")
        finally:
            self._frame = None
            with suppress(Exception):
                self.source.close()
        return None

    def _show(self, frame: Frame) -> None:
        with self._changed:
            self._frame = frame
            self._shown += 1
            self._changed.notify_all()
        if self.state.status != "running":
            self._tell(LiveState("running"))

    def _analyse(self, earlier: list[threading.Thread]) -> None:
        _join(earlier)
        guide, opened, seen = Guide(), 0, 0
        while not self._stopped:
            begun = time.monotonic()
            with self._changed:
                came = self._changed.wait_for(partial(self._has_news, seen), STALLED_S)
                frame, seen, now_opened = self._frame, self._shown, self._opened
            if not came:
                self._tell_stalled()
            if frame is None or not came:
                continue
            if now_opened != opened:
                guide, opened = Guide(), now_opened
            try:
                self._tell_guidance(guide.look(frame, self._crop_fraction()), opened)
            except Exception:  # a picture that cannot be measured, such as one of odd shape, must not end the tips
                guide = Guide()
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, max(0.0, begun + self._interval_s - time.monotonic()))

    def _has_news(self, seen: int) -> bool:
        return self._stopped or (self._frame is not None and self._shown != seen)

    def _tell_guidance(self, guidance: Guidance, opened: int) -> None:
        with self._telling:
            if self.state.status == "running" and self._opened == opened:
                self._tell(LiveState("running", guidance))

    def _tell_stalled(self) -> None:
        with self._telling:
            if self.state.status == "running" and self._wanted:
                self._frame = None
                self._tell(
                    LiveState("unplugged", detail=f"{self.source.name} has given nothing for {STALLED_S:.0f} s.")
                )


def _join(threads: list[threading.Thread]) -> None:
    """Wait for the threads of an earlier start: two at one source would be one too many."""
    for thread in threads:
        thread.join()


def _problem(frame: Frame) -> str:
    """Why a frame is no picture; empty if it is one."""
    try:
        check_photo(frame.pixels, "frame")
    except SkinDistillError as error:
        return str(error)
    return ""
