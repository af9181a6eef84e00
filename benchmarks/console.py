"""What a long measurement shows while it runs, and figures in words."""

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from triage.errors import SkinDistillError

INTERVAL = 10.0
"""Seconds between two lines."""


class ProgressLines:
    """Progress as lines on standard error, with the time left of each stage; the log of the package beside them."""

    def __init__(self) -> None:
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        logging.getLogger("skin_distill").setLevel(logging.INFO)
        self._stage, self._begun, self._shown, self._first = "", 0.0, 0.0, 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show that so much of a stage is done, at most every `INTERVAL` seconds."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._begun, self._shown, self._first = stage, now, now, done
        elif now - self._shown > INTERVAL and self._first < done < total:
            self._shown = now
            left = (now - self._begun) / (done - self._first) * (total - done)
            print(f"{stage}: {done} of {total}, {left:.0f} s left", file=sys.stderr)


def with_interval(figure: dict[str, Any]) -> str:
    """Write a figure of a report as `0.873 (0.841 to 0.902)`, or why there is none."""
    if figure["value"] is None:
        return str(figure.get("why", "not measured"))
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def run_script(main: Callable[[], None]) -> None:
    """Run the `main` of a measurement; an error that a person can act on becomes one message and an exit code."""
    try:
        main()
    except SkinDistillError as error:
        sys.exit(_told(error, error.exit_code))
    except OSError as error:
        sys.exit(_told(error, 2))
    except KeyboardInterrupt:
        sys.exit(_told("stopped", 130))


def _told(what: object, exit_code: int) -> int:
    script = Path(sys.argv[0])
    print(f"{script.parent.name if script.stem == '__main__' else script.stem}: {what}", file=sys.stderr)
    return exit_code
