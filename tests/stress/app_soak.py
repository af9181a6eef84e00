"""Run the app's engine for long with a source that fails at random: nothing may crash, leak or grow.

    nice -n 10 python -m tests.stress.app_soak --minutes 30

The source shows the demo's phantoms and is unplugged, busy, absent, raises, hangs for a moment, or gives garbage and
odd sizes, drawn from a seed; a loop takes frames, pauses and resumes as the screen would. Prints JSON. Exits with 1 if
a thread died or was left, memory grew by more than `MOST_GROWTH_MB`, or no frame came at the end.
"""

import argparse
import gc
import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from benchmarks.console import run_script
from mobile_app import live_session
from mobile_app.live_session import LiveSession
from mobile_app.sources.phantom_stream import PhantomStream
from mobile_app.sources.source import REASONS, Frame, SourceUnavailable

MOST_GROWTH_MB = 25.0
"""From the median of the second fifth of the time, when caches are full, to that of the last fifth."""
FAILURE, ODD = 0.004, 0.01
"""Probability per frame of a failure of the source, and of garbage or an odd size."""
PAUSE_EACH_S = 7.0
SIZES = ((36, 64), (720, 1280), (1281, 33), (481, 639), (32, 32), (1080, 1920))


class Unreliable:
    """The demo stream with random failures."""

    name = "unreliable"
    live = True
    synthetic = False

    def __init__(self, seed: int):
        self._stream = PhantomStream()
        self._generator = np.random.default_rng(seed)
        self.failures: Counter[str] = Counter()

    def open(self) -> None:
        if self._generator.random() < 0.25:
            reason = str(self._generator.choice(REASONS))
            self.failures[f"open: {reason}"] += 1
            raise SourceUnavailable(reason, reason)
        self._stream.open()

    def read(self) -> Frame | None:
        frame = self._stream.read()
        chance = self._generator.random()
        if chance < FAILURE:
            return self._fail()
        if chance < FAILURE + ODD:
            return self._odd(frame)
        return frame

    def close(self) -> None:
        self._stream.close()

    def _fail(self) -> None:
        kind = int(self._generator.integers(4))
        self.failures[("unplugged", "driver error", "end", "hang")[kind]] += 1
        if kind == 0:
            raise SourceUnavailable("unplugged", "unplugged")
        if kind == 1:
            raise RuntimeError("driver error")
        if kind == 3:
            time.sleep(1.5 * live_session.STALLED_S)

    def _odd(self, frame: Frame) -> Frame:
        kind = int(self._generator.integers(3))
        self.failures[("garbage shape", "noise", "odd size")[kind]] += 1
        if kind == 0:
            pixels = np.zeros((5, 7), np.float32)
        elif kind == 1:
            pixels = self._generator.integers(0, 256, frame.pixels.shape, np.uint8)
        else:
            height, width = SIZES[int(self._generator.integers(len(SIZES)))]
            pixels = cv2.resize(frame.pixels, (width, height))
        return Frame(pixels, frame.time, frame.number)


def soak(seconds: float, seed: int = 0) -> dict[str, object]:
    """Run the engine.

    Returns:
        `seconds`, `frames` (and those of the last fifth, `frames_at_the_end`), `looks`, `failures` and `statuses` by
        kind, `resident_mb` (first and last medians), `growth_mb`, `cpu_share` of a core, `threads_left`, `alive` (both
        threads, at the end).
    """
    gc.collect()
    threads_before = threading.active_count()
    source = Unreliable(seed)
    statuses: Counter[str] = Counter()
    looks = 0

    def on_state(state: live_session.LiveState) -> None:
        nonlocal looks
        looks += state.guidance is not None
        statuses[state.status] += state.guidance is None

    session = LiveSession(source, on_state=on_state)
    session.start()
    begun, cpu = time.monotonic(), time.process_time()
    shown, frames, frames_at_the_end, resident, paused = 0, 0, 0, [], begun
    while (now := time.monotonic()) - begun < seconds:
        if (frame := session.latest_frame()) is not None and frame.number != shown:
            shown, frames = frame.number, frames + 1
            frames_at_the_end += now - begun > 0.8 * seconds
        if session.state.status == "ended" or now - paused > PAUSE_EACH_S + 0.3:
            session.resume()
            paused = now
        elif now - paused > PAUSE_EACH_S and session.state.status != "paused":
            session.pause()
        if not resident or now - begun > len(resident) * seconds / 500:
            resident.append(_resident_mb())
        time.sleep(1 / 60)
    share = (time.process_time() - cpu) / (time.monotonic() - begun)
    alive = all(thread.is_alive() for thread in session._threads)
    session.stop(wait_s=2 * live_session.STALLED_S + 5)
    fifth = max(1, len(resident) // 5)
    first, last = (float(np.median(part)) for part in (resident[fifth : 2 * fifth], resident[-fifth:]))
    return {
        "seconds": round(seconds, 1),
        "frames": frames,
        "frames_at_the_end": frames_at_the_end,
        "looks": looks,
        "failures": dict(source.failures),
        "statuses": dict(statuses),
        "resident_mb": [round(first, 1), round(last, 1)],
        "growth_mb": round(last - first, 1),
        "cpu_share": round(share, 3),
        "threads_left": threading.active_count() - threads_before,
        "alive": alive,
    }


def passed(result: dict[str, object]) -> bool:
    return bool(
        result["alive"]
        and not result["threads_left"]
        and result["frames_at_the_end"]
        and float(str(result["growth_mb"])) <= MOST_GROWTH_MB
    )


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    result = soak(60 * arguments.minutes, arguments.seed)
    print(json.dumps(result, indent=2))
    sys.exit(0 if passed(result) else 1)


if __name__ == "__main__":
    run_script(main)
