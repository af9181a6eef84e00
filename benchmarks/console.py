"""What the benchmark commands share: progress lines, metrics as text, errors as messages, measured processes."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from triage.errors import CheckFailed, SkinDistillError, UnusableInput

INTERVAL = 10.0
"""Seconds between two progress lines."""


class ProgressLines:
    """Progress as lines on standard error, with the time left of each stage, beside the package's log."""

    def __init__(self) -> None:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        logging.getLogger("skin_distill").setLevel(logging.INFO)
        self._stage, self._begun, self._shown, self._first = "", 0.0, 0.0, 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how much of a stage is done, at most every `INTERVAL` seconds."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._begun, self._shown, self._first = stage, now, now, done
        elif now - self._shown > INTERVAL and self._first < done < total:
            self._shown = now
            left = (now - self._begun) / (done - self._first) * (total - done)
            print(f"{stage}: {done} of {total}, {left:.0f} s left", file=sys.stderr)


def with_interval(metric: Mapping[str, Any]) -> str:
    """Format a metric of a report as `0.873 (0.841 to 0.902)`, or return why it has no value."""
    if metric["value"] is None:
        return str(metric.get("why", "not measured"))
    if metric["low"] is None:
        return f"{metric['value']:.3f}"
    return f"{metric['value']:.3f} ({metric['low']:.3f} to {metric['high']:.3f})"


def run_worker(module: str, *arguments: object, python: str = sys.executable, **options: Any) -> str:
    """Run a module in a process of its own and return its standard output.

    Args:
        module: run as `python -m module`.
        arguments: of its command line.
        python: interpreter.
        options: of `subprocess.run`.

    Raises:
        UnusableInput: the process found that its input cannot be used; the message is its own.
        CheckFailed: it ended with another error; the message is its last line on standard error.
    """
    command = [python, "-m", module, *map(str, arguments)]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", **options
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise (UnusableInput if done.returncode == UnusableInput.exit_code else CheckFailed)(last[0])
    return done.stdout


def run_script(main: Callable[[], None]) -> None:
    """Run a command; an error that the user can act on becomes one message and an exit code."""
    try:
        main()
    except SkinDistillError as error:
        sys.exit(_report(error, error.exit_code))
    except OSError as error:
        sys.exit(_report(error, 2))
    except KeyboardInterrupt:
        sys.exit(_report("stopped", 130))


def _report(problem: object, exit_code: int) -> int:
    script = Path(sys.argv[0])
    print(f"{script.parent.name if script.stem == '__main__' else script.stem}: {problem}", file=sys.stderr)
    return exit_code
