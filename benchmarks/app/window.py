"""The app's window: from the start of the process to the first frame, and what a running preview costs.

    python -m benchmarks.app.window [--model FILE] [--driver offscreen|x11] [--json FILE]

Each run is a fresh process with a window of 1280 x 720. `offscreen` needs no screen; `x11` takes the one in DISPLAY:

    xvfb-run -a python -m benchmarks.app.window --driver x11

Both draw with the processor where there is no GPU, and that is counted: processor time is that of the whole process
with all its threads, those of the source included.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.console import run_script
from triage.atomic import write_json

SETTLE_S = 3.0
"""Not counted after the first frame: the model is loaded, caches fill."""


def measure(source: str, model: Path | None, seconds: float, driver: str) -> dict[str, float]:
    """One run in a process of its own.

    Returns:
        `first_frame_s` since the process was started, `frames_per_s` shown, `cores` used, `delay_ms` of tips behind
        their frames (median).
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SDL_VIDEODRIVER": driver}
        command = [
            sys.executable, "-m", "benchmarks.app.window", "--worker", folder, str(time.time()), "--source", source,
            "--seconds", str(seconds), *(["--model", str(model)] if model else []),
        ]  # fmt: skip
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def run_app(folder: Path, started: float, source: str, model: Path | None, seconds: float) -> dict[str, float]:
    """What the process of one run does; `started` is `time.time()` before it was started."""
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
            guidance = app.capture.state.guidance
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
    """Print what each run took, and the medians."""
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
