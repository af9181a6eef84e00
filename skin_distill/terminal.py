"""Output of a command: progress with the time left, log lines, tables and JSON."""

import functools
import logging
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from skin_distill.stopping import raise_swallowed
from triage.plain_text import json_text, printable

if TYPE_CHECKING:
    from rich.progress import Progress

PLAIN_INTERVAL = 10.0  # seconds between two progress lines when standard error is not a terminal


class Terminal:
    """The output of one command. Results go to standard output, everything else to standard error.

    Args:
        verbosity: -1 quiet, 0 normal, 1 verbose.
        as_json: print results as JSON and no tables.
    """

    def __init__(self, verbosity: int = 0, as_json: bool = False):
        self.verbosity, self.as_json = verbosity, as_json
        self._bar: Progress | None = None
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
        """Show the progress of a stage and the time left.

        Args:
            stage: what is being done, for people. A new name, or a smaller `done`, starts a new stage.
            done: finished units.
            total: all units.
            in_bytes: the units are bytes, shown as MB or GB.
        """
        raise_swallowed()
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
            self._bar.update(self._bar.task_ids[0], completed=done, total=total)
            if done >= total:
                self._close_bar()
        elif not sys.stderr.isatty() and now - self._shown > PLAIN_INTERVAL and 0 < done < total:
            self._shown = now
            # Work of an earlier, resumed run took no time in this one.
            pace = (now - self._begun) / (done - self._first) if done > self._first else None
            left = "" if pace is None else f", {pace * (total - done):.0f} s left"
            finished = f"{done / 1e6:,.1f} of {total / 1e6:,.1f} MB" if in_bytes else f"{done} of {total}"
            self.line(f"{stage}: {finished}{left}")

    def line(self, text: str) -> None:
        """Print a line on standard error; silent with -q."""
        if self.verbosity >= 0:
            self._write(text)

    def result(self, value: Any, text: str | None = None) -> None:
        """Print a command's result: `value` as JSON with --json, else `text`."""
        self._close_bar()
        if self.as_json:
            text = json_text(value)
            click.echo(text.encode("utf-8") if hasattr(sys.stdout, "buffer") else text)  # UTF-8 in any terminal
        elif text is not None:
            click.echo(printable(text))

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> None:
        """Print a table on standard output, unless --json was given. Columns but the first are right-aligned."""
        self._close_bar()
        if self.as_json:
            return
        rows = list(rows)
        from rich.console import Console
        from rich.markup import escape
        from rich.measure import Measurement
        from rich.table import Table

        def shown(text: Any) -> str:
            # Unescaped, rich takes the [app] of 'skin-distill[app]' for a style and drops it.
            return escape(printable(text))

        table = Table(title=shown(title), caption=shown(caption) or None, title_justify="left", caption_justify="left")
        for number, column in enumerate(columns):
            table.add_column(shown(column), justify="right" if number else "left", no_wrap=number == 0)
        for row in rows:
            table.add_row(*map(shown, row))
        console = Console()
        console = console if console.is_terminal else Console(width=120)
        if Measurement.get(console, console.options.update(max_width=10_000), table).minimum <= console.width:
            console.print(table)
            return
        # Too narrow for the columns: one line for each cell, so that no number is cut.
        lines = [title]
        for first, *cells in rows:
            lines += [f"\n{first}", *(f"  {name}: {cell}" for name, cell in zip(columns[1:], cells, strict=True))]
        click.echo(printable("\n".join(lines + ([f"\n{caption}"] if caption else []))))

    def _open_bar(self, stage: str, total: int, done: int = 0, in_bytes: bool = False) -> None:
        from rich import progress
        from rich.console import Console

        self._bar = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.DownloadColumn() if in_bytes else progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.add_task(printable(stage), total=total, completed=done)
        self._bar.start()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _write(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(printable(text), err=True)


class _LineHandler(logging.Handler):
    def __init__(self, terminal: Terminal):
        super().__init__()
        self.terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        self.terminal._write(self.format(record))


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -v, -q and --json to a command and pass it a `Terminal` as `terminal`."""

    @click.option("-v", "--verbose", is_flag=True, help="Print more.")
    @click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")
    @functools.wraps(function)
    def wrapped(*arguments: Any, verbose: bool, quiet: bool, as_json: bool, **options: Any) -> Any:
        with Terminal(-1 if quiet else int(verbose), as_json) as terminal:
            return function(*arguments, terminal=terminal, **options)

    return wrapped


def percent(metric: Mapping[str, Any] | None) -> str:
    """Format a metric of a report as `87.3 % (84.1 to 90.2)`, or say why it has no value."""
    if not metric or metric.get("value") is None:
        return str((metric or {}).get("why", "not measured"))
    if metric.get("low") is None:
        return f"{100 * metric['value']:.1f} %"
    return f"{100 * metric['value']:.1f} % ({100 * metric['low']:.1f} to {100 * metric['high']:.1f})"


def heads_text(test: Mapping[str, Any]) -> str:
    """Format the accuracies of both heads as `diagnosis accuracy 87.3 % (...), lighting 95.0 % (...)`."""
    return (
        f"diagnosis accuracy {percent(test['diagnosis']['accuracy'])}, lighting {percent(test['lighting']['accuracy'])}"
    )


def not_fitted_text(test: Mapping[str, Any]) -> str:
    """Name what too few validation photos left unfitted, as a sentence after a space; empty if nothing."""
    parts = {"calibration": "temperature", "triage": "urgent threshold", "conformal": "conformal sets"}
    reasons = {name: ((test.get(key) or {}).get("fitted_on") or {}).get("not_fitted") for key, name in parts.items()}
    found = [f"{name} ({why})" for name, why in reasons.items() if why]
    return f" Not fitted: {', '.join(found)}." if found else ""
