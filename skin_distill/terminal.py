"""What a command shows: progress with time left, log lines, tables and JSON."""

import functools
import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

PLAIN_INTERVAL = 10.0  # seconds between two progress lines where there is no terminal


class Terminal:
    """The output of one command. Results go to standard output, everything else to standard error.

    Args:
        verbosity: -1 quiet, 0 normal, 1 verbose.
        as_json: results are printed as JSON; tables are left out.
        console: a rich console that tables go to instead of standard output.
    """

    def __init__(self, verbosity: int = 0, as_json: bool = False, console: Any = None):
        self.verbosity, self.as_json, self.console = verbosity, as_json, console
        self._bar: Any = None
        self._task: Any = None
        self._stage = ""
        self._begun = self._shown = 0.0
        self._first = self._last = 0

    def __enter__(self) -> "Terminal":
        handler = _LineHandler(self)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger = logging.getLogger("skin_distill")
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel({-1: logging.WARNING, 0: logging.INFO}.get(self.verbosity, logging.DEBUG))
        return self

    def __exit__(self, *_: object) -> None:
        self._close_bar()

    def progress(self, stage: str, done: int, total: int, in_bytes: bool = False) -> None:
        """Show how far a stage has come and how long it will still take.

        Args:
            stage: what is done, for people; another one, or the same with less done, begins a new measurement.
            done: how much of it, in whatever unit.
            total: of all, in the same unit.
            in_bytes: the unit is bytes, which are shown as MB or GB.
        """
        if self.verbosity < 0:
            return
        now = time.monotonic()
        if stage != self._stage or done < self._last:
            self._stage, self._begun, self._shown, self._first = stage, now, now, done
            self._close_bar()
            if sys.stderr.isatty():
                self._open_bar(stage, total, done, in_bytes)
        self._last = done
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
            if done >= total:
                self._close_bar()
        elif not sys.stderr.isatty() and now - self._shown > PLAIN_INTERVAL and 0 < done < total:
            self._shown = now
            # What an earlier run had done took no time now.
            pace = (now - self._begun) / (done - self._first) if done > self._first else None
            left = "" if pace is None else f", {pace * (total - done):.0f} s left"
            came = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB" if in_bytes else f"{done} of {total}"
            self.line(f"{stage}: {came}{left}")

    def line(self, text: str) -> None:
        """Print a line for the person who waits; silent with -q."""
        if self.verbosity >= 0:
            self._write(text)

    def result(self, value: Any, text: str | None = None) -> None:
        """Print a command's result: `value` as JSON with --json, else `text`."""
        self._close_bar()
        if self.as_json:
            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        elif text is not None:
            click.echo(text)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> None:
        """Print a table on standard output, unless --json speaks there. The first column is left, others right."""
        self._close_bar()
        if self.as_json:
            return
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        # Unescaped, rich takes the [app] of 'skin-distill[app]' for a style and leaves it out.
        table = Table(
            title=escape(title), caption=escape(caption) or None, title_justify="left", caption_justify="left"
        )
        for number, column in enumerate(columns):
            table.add_column(escape(column), justify="right" if number else "left", no_wrap=number == 0)
        for row in rows:
            table.add_row(*(escape(str(cell)) for cell in row))
        console = self.console or Console()
        if self.console is None and not console.is_terminal:
            console = Console(width=120)
        console.print(table)

    def _open_bar(self, stage: str, total: int, done: int = 0, in_bytes: bool = False) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn() if in_bytes else MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(stage, total=total, completed=done)
        self._bar.start()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            click.echo(text, err=True)


class _LineHandler(logging.Handler):
    def __init__(self, terminal: Terminal):
        super().__init__()
        self.terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self.terminal._write(self.format(record))


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -v, -q and --json to a command and give it the `Terminal` they describe as `terminal`."""

    @click.option("-v", "--verbose", is_flag=True, help="Say more.")
    @click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
    @functools.wraps(function)
    def wrapped(*arguments: Any, verbose: bool, quiet: bool, as_json: bool, **options: Any) -> Any:
        with Terminal(-1 if quiet else int(verbose), as_json) as terminal:
            return function(*arguments, terminal=terminal, **options)

    return wrapped


def percent(figure: dict[str, Any] | None) -> str:
    """Write a figure of a report as `87.3 % (84.1 to 90.2)`, or why there is none."""
    if not figure or figure.get("value") is None:
        return (figure or {}).get("why", "not measured")
    if figure.get("low") is None:
        return f"{100 * figure['value']:.1f} %"
    return f"{100 * figure['value']:.1f} % ({100 * figure['low']:.1f} to {100 * figure['high']:.1f})"
