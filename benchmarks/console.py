"""What the benchmark commands share: metrics as text, errors as messages, measured processes."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from triage.errors import CheckFailed, SkinDistillError, UnusableInput


def with_interval(metric: Mapping[str, Any]) -> str:
    """Format a metric of a report as `0.873 (0.841 to 0.902)`, or return why it has no value."""
    if metric["value"] is None:
        return str(metric.get("why", "not measured"))
    interval = "" if metric["low"] is None else f" ({metric['low']:.3f} to {metric['high']:.3f})"
    return f"{metric['value']:.3f}{interval}"


def run_worker(module: str, *arguments: object, **options: Any) -> str:
    """Run `python -m module` in a process of its own, with options of `subprocess.run`; return its standard output.

    Raises:
        UnusableInput: the process found that its input cannot be used; the message is its own.
        CheckFailed: it ended with another error; the message is its last line on standard error.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
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
        return
    except SkinDistillError as error:
        problem, exit_code = str(error), error.exit_code
    except OSError as error:
        problem, exit_code = str(error), 2
    except KeyboardInterrupt:
        problem, exit_code = "stopped", 130
    script = Path(sys.argv[0])
    print(f"{script.parent.name if script.stem == '__main__' else script.stem}: {problem}", file=sys.stderr)
    sys.exit(exit_code)
