"""Processor use and delays of the app's engine, without a screen.

    python -m benchmarks.app.engine [--model FILE] [--seconds 20]

Prints the cores that capture and analysis use on the demo stream (1280 x 720 at 30 frames a second) and those that
drawing the stream uses; the delay of guidance behind its frame; the time from a change of the light to its tip; and the
time from shutter to result beyond the bare inference.
"""

import threading
import time
from pathlib import Path

import click
import numpy as np

from benchmarks.console import run_script
from mobile_app.classifier import BackgroundClassifier
from mobile_app.live_session import LiveSession, LiveState
from mobile_app.sources.moving_light import MovingLight, light_at
from mobile_app.sources.phantom_stream import HEIGHT, RATE, WIDTH, PhantomStream, phantom_pictures
from mobile_app.sources.source import Frame, FrameTimer
from triage.interpreter import open_interpreter
from triage.model_file import read_model
from triage.photo import Photo, prepare_pixels

MOST_TIP_DELAY_MS, MOST_BEYOND_MS = 150.0, 100.0
SHOTS = 60


class SwitchedLight:
    """A source that alternates good light and darkness; frames are drawn beforehand."""

    name = "switched light"
    live = True
    frames_each = 60

    def __init__(self) -> None:
        picture, light = phantom_pictures()[0], MovingLight(WIDTH, HEIGHT)
        self._shown = [light.relight(picture, light_at(at)) for at in (1.0, 5.0)]
        self._count = 0
        self._timer = FrameTimer(1 / RATE)
        self.switched = 0.0

    def open(self) -> None:
        """Nothing to open."""

    def read(self) -> Frame:
        """Wait for the next frame."""
        taken = self._timer.wait()
        if self._count % self.frames_each == 0:
            self.switched = taken
        pixels = self._shown[self._count // self.frames_each % 2]
        self._count += 1
        return Frame(pixels, taken, self._count)

    def close(self) -> None:
        """Nothing to close."""


def stream_cost(seconds: float) -> dict[str, float]:
    """Return cores used by drawing the stream and by a session on it, frames a second, delays in milliseconds."""
    light, pictures = MovingLight(WIDTH, HEIGHT), phantom_pictures()
    cpu, count = time.process_time(), int(seconds * RATE)
    for number in range(count):
        light.relight(pictures[0], light_at(number / RATE))
    drawing = (time.process_time() - cpu) / seconds
    delays: list[float] = []

    def on_state(state: LiveState) -> None:
        if state.guidance:
            delays.append(1000 * state.guidance.delay_s)

    session = LiveSession(PhantomStream(), on_state=on_state)
    session.start()
    while session.latest_frame() is None:
        time.sleep(0.01)
    first, begun, cpu = session.latest_frame(), time.monotonic(), time.process_time()
    time.sleep(seconds)
    used, elapsed, last = time.process_time() - cpu, time.monotonic() - begun, session.latest_frame()
    session.stop()
    assert first is not None and last is not None
    return {
        "cores_drawing": drawing,
        "cores": used / elapsed,
        "frames_per_second": (last.number - first.number) / elapsed,
        "delay_p50_ms": float(np.percentile(delays, 50)),
        "delay_p95_ms": float(np.percentile(delays, 95)),
    }


def reaction_ms(seconds: float) -> list[float]:
    """Return the time from the first dark frame to its tip, milliseconds, each time the light goes out."""
    source, reactions, tip = SwitchedLight(), [], ""

    def on_state(state: LiveState) -> None:
        nonlocal tip
        now = state.guidance.tip or "" if state.guidance else ""
        if now == "too_dark" != tip:
            reactions.append(1000 * (time.monotonic() - source.switched))
        tip = now

    session = LiveSession(source, on_state=on_state)
    session.start()
    time.sleep(seconds)
    session.stop()
    return reactions


def result_ms(model: Path | None, photo: Photo) -> tuple[list[float], list[float]]:
    """Return milliseconds from shutter to result and of the bare inference, alternating."""
    classifier = BackgroundClassifier(model)
    interpreter = open_interpreter(read_model(classifier.model).flatbuffer)
    pixels = prepare_pixels(photo, interpreter.input_size)
    whole, bare = [], []
    for shot in range(SHOTS + 5):
        came = threading.Event()
        begun = time.perf_counter()
        classifier.submit(photo, lambda _, came=came: came.set())  # type: ignore[misc]
        came.wait()
        middle = time.perf_counter()
        interpreter.run(pixels)
        if shot >= 5:
            whole.append(1000 * (middle - begun))
            bare.append(1000 * (time.perf_counter() - middle))
    classifier.close()
    return whole, bare


@click.command()
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="A release file; default: the demo model.")
@click.option("--seconds", default=20.0, show_default=True, help="For each part.")
def main(model: Path | None, seconds: float) -> None:
    """Measure the app's engine."""
    cost = stream_cost(seconds)
    print(f"frames a second        {cost['frames_per_second']:6.1f}")
    print(f"capture and analysis   {cost['cores']:6.2f} cores, drawing the demo {cost['cores_drawing']:.2f}")
    print(
        f"guidance behind frame  {cost['delay_p50_ms']:6.1f} ms median, {cost['delay_p95_ms']:.1f} ms at 95% "
        f"(at most {MOST_TIP_DELAY_MS:.0f})"
    )
    reactions = reaction_ms(seconds)
    print(f"light out to tip       {np.median(reactions):6.0f} ms median of {len(reactions)} (settling included)")
    whole, bare = result_ms(model, phantom_pictures()[0])
    beyond = float(np.median(whole) - np.median(bare))
    print(
        f"shutter to result      {np.median(whole):6.1f} ms median of {SHOTS}, bare inference {np.median(bare):.1f}: "
        f"{beyond:.1f} ms beyond (at most {MOST_BEYOND_MS:.0f})"
    )


if __name__ == "__main__":
    run_script(main)
