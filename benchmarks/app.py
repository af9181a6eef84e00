"""Start-up of the app's window and cost of its running preview.

    python -m benchmarks.app [--model FILE] [--driver offscreen|x11] [--json FILE]

Each run is a fresh process with a window of 1280 x 720. `offscreen` needs no screen; `x11` uses the one in DISPLAY:

    xvfb-run -a python -m benchmarks.app --driver x11

Without a GPU both draw with the processor. Processor time is that of the whole process, including the source's threads.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.console import run_script, run_worker
from triage.atomic import write_json

SETTLE_S = 3.0
"""Excluded after the first frame: the model is loading and caches fill."""


def measure(source: str, model: Path | None, seconds: float, driver: str) -> dict[str, float]:
    """Measure one run in a process of its own.

    Returns:
        `first_frame_s` since the start of the process, `frames_per_s` displayed, `cores` used, `delay_ms` of tips
        behind their frames (median).
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SDL_VIDEODRIVER": driver}
        options = ["--source", source, "--seconds", seconds, *(["--model", model] if model else [])]
        output = run_worker("benchmarks.app", "--worker", folder, time.time(), *options, env=environment)
    return dict(json.loads(output))


def run_app(folder: Path, started: float, source: str, model: Path | None, seconds: float) -> dict[str, float]:
    """Run and measure the app in this process, started at `time.time()` = `started`."""
    from mobile_app import main as app_main
    from mobile_app.settings import Settings, write_settings

    write_settings(Settings(theme="light", first_run_seen=True), folder)
    found: dict[str, Any] = {"delays": []}

    def watch(_: float) -> None:
        from kivy.app import App

        app = App.get_running_app()
        preview = app.root.screen.preview
        now = time.time()
        if preview.frame_count and "first" not in found:
            found["first"] = now - started
            found["begin"] = now + SETTLE_S
        if "begin" in found and now >= found["begin"]:
            if "cpu" not in found:
                found.update(cpu=time.process_time(), at=now, frames=preview.frame_count)
            elif now - found["at"] >= seconds:
                found["cores"] = (time.process_time() - found["cpu"]) / (now - found["at"])
                found["rate"] = (preview.frame_count - found["frames"]) / (now - found["at"])
                app.stop()
            guidance = app.capture.session.state.guidance
            if guidance is not None:
                found["delays"].append(guidance.delay_s)

    app_main.prepare_kivy(folder)
    from kivy.clock import Clock

    Clock.schedule_interval(watch, 0)
    app_main.main(source, model, folder)
    return {
        "first_frame_s": found["first"],
        "frames_per_s": found["rate"],
        "cores": found["cores"],
        "delay_ms": 1000 * statistics.median(found["delays"]) if found["delays"] else float("nan"),
    }


def main() -> None:
    """Measure the app's window."""
    parser = argparse.ArgumentParser(description="The app's window: first frame, frames a second, processor.")
    parser.add_argument("--source", default="demo")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--driver", choices=["offscreen", "x11"], default="offscreen")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        folder, started = given.worker
        print(json.dumps(run_app(Path(folder), float(started), given.source, given.model, given.seconds)))
        return
    runs = []
    for _ in range(given.runs):
        runs.append(measure(given.source, given.model, given.seconds, given.driver))
        print("  ".join(f"{name} {value:.2f}" for name, value in runs[-1].items()), flush=True)
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    print(f"median of {len(runs)}: " + "  ".join(f"{name} {value:.2f}" for name, value in medians.items()))
    if given.json:
        write_json(
            given.json, {"runs": runs, "medians": medians, "load_average": os.getloadavg()[0], "driver": given.driver}
        )


if __name__ == "__main__":
    run_script(main)
