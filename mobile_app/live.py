"""A running source: frames for the screen and guidance for the person, neither of which ever makes the screen wait."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from mobile_app.guidance import Guidance
from mobile_app.sources.source import Frame, FrameSource, SourceUnavailable
from triage.lighting import judge_lighting, measure_lighting

RETRY_S = (0.5, 1.0, 2.0, 4.0)
"""Waits before a source is tried again; the last one repeats."""


@dataclass(frozen=True)
class LiveState:
    """What the screen shows.

    Attributes:
        status: "starting", "running", "paused", "ended" (a file), "failed" (nothing more will come by itself), or why
            there are no frames: "absent", "busy", "denied", "unplugged". All of the last four are tried again.
        guidance: of the latest frame looked at; None until there is one, and whenever no frames come.
        detail: what the source says about itself, for whoever wants to know; in English.
    """

    status: str
    guidance: Guidance | None = None
    detail: str = ""


class LiveSession:
    """Captures on one thread and looks at the latest frame on another.

    Example:
        >>> session = LiveSession(open_source("demo"))  # doctest: +SKIP
        >>> session.start()  # doctest: +SKIP
    """

    def __init__(
        self,
        source: FrameSource,
        analyse_hz: float = 10.0,
        on_state: Callable[[LiveState], None] = lambda state: None,
    ):
        """Nothing runs before `start`.

        Args:
            source: not opened.
            analyse_hz: how often a frame is looked at, at most.
            on_state: told every new state, on a thread of the session; it must return at once.
        """
        self.source = source
        self.state = LiveState("starting")
        self._on_state = on_state
        self._interval_s = 1 / analyse_hz
        self._frame: Frame | None = None
        self._changed = threading.Condition()
        self._running = self._stopped = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Open the source and begin."""
        self._stopped, self._running = False, True
        self._threads = [threading.Thread(target=t, daemon=True) for t in (self._capture, self._analyse)]
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Release the source until `resume`."""
        with self._changed:
            self._running = False
            self._changed.notify_all()

    def resume(self) -> None:
        """Open the source again."""
        with self._changed:
            self._running = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Release the source and end the threads."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(2.0)

    def latest_frame(self) -> Frame | None:
        """Return the newest frame; None when there is none. Never waits."""
        return self._frame

    def _publish(self, state: LiveState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)

    def _capture(self) -> None:
        failures = 0
        while not self._stopped:
            if not self._running:
                self.source.close()
                self._frame = None
                self._publish(LiveState("paused"))
                with self._changed:
                    self._changed.wait_for(lambda: self._running or self._stopped)
                continue
            try:
                self.source.open()
                while self._running and not self._stopped:
                    frame = self.source.read()
                    if frame is None:
                        self._running = False
                        self._publish(LiveState("ended"))
                        break
                    failures = 0
                    if self.state.status != "running":
                        self._publish(LiveState("running"))
                    with self._changed:
                        self._frame = frame
                        self._changed.notify_all()
            except SourceUnavailable as error:
                self._frame = None
                self._publish(LiveState(error.reason, detail=str(error)))
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped, RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
        self.source.close()

    def _analyse(self) -> None:
        seen = 0
        while not self._stopped:
            begun = time.monotonic()
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or (self._frame and self._frame.number != seen), 0.5)
            frame = self._frame
            if frame is None or frame.number == seen:
                continue
            seen = frame.number
            verdict = judge_lighting(measure_lighting(frame.pixels))
            tip = verdict.reasons[0] if verdict.reasons else None
            guidance = Guidance(tip, tip is None, {}, frame.number, time.monotonic() - frame.time)
            if self.state.status == "running":
                self._publish(replace(self.state, guidance=guidance))
            time.sleep(max(0.0, self._interval_s - (time.monotonic() - begun)))
