"""Frames at a steady rate from sources that could give them as fast as they are asked."""

import time


class Pace:
    """Waits so that calls of `wait` return `interval_s` apart; a late caller is not made to hurry afterwards."""

    def __init__(self, interval_s: float):
        self.interval_s = interval_s
        self._due = 0.0

    def wait(self) -> float:
        """Sleep until the next frame is due and return `time.monotonic()` seconds."""
        now = time.monotonic()
        if now < self._due:
            time.sleep(self._due - now)
            now = time.monotonic()
        self._due = max(self._due + self.interval_s, now)
        return now
