"""How a command ends when somebody asks it to: Ctrl-C, SIGTERM, or a reader that has seen enough."""

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end, with SIGTERM."""


# What came: the exception that a signal raises may get lost on its way.
_received: list[int] = []


class StoppableGroup(click.Group):
    """Commands that a signal ends, whatever became of its exception on the way."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            stop = _stop_behind(error)
            if stop is not None:
                raise stop from error
            if isinstance(error, BrokenPipeError) and _reader_is_gone():
                raise click.exceptions.Exit(0) from error
            if isinstance(error, (BrokenPipeError, EOFError)):
                # click would take the one for a reader that is gone, the other for Ctrl-C.
                raise RuntimeError("A file or a pipe ended too early.") from error
            raise


class ResumableCommand(click.Command):
    """A command that, called again, goes on where it was stopped; being stopped, it says so."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except BaseException as error:
            stop = _stop_behind(error)
            if stop is None:
                raise
            raise Resumable from stop


class Resumable(KeyboardInterrupt):
    """Work was stopped that the same command goes on with."""


def heed_signals() -> None:
    """Have SIGTERM end the process as Ctrl-C does; a second SIGTERM ends it at once, without a word."""
    signal.signal(signal.SIGTERM, _stop)
    # A shell may have its background jobs ignore Ctrl-C: that stays.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def exit_code(error: BaseException) -> int:
    """The exit code that shells expect of a process that was stopped: 128 and the signal's number."""
    return 128 + (signal.SIGTERM if any(isinstance(e, Terminated) for e in _causes(error)) else signal.SIGINT)


def last_words(error: BaseException) -> str:
    """What a person is told who has stopped a command."""
    resumable = any(isinstance(e, Resumable) for e in _causes(error))
    return "stopped. The same command goes on from here." if resumable else "stopped."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _stop_behind(error: BaseException) -> KeyboardInterrupt | None:
    """The signal that ended the work, or None where `error` is a failure of its own.

    What a signal raises inside a function that TensorFlow calls from C++ comes out as a RuntimeError or the like, so
    once a signal has come, any exception counts as the stop.
    """
    if isinstance(error, KeyboardInterrupt):
        return error
    if _received and isinstance(error, Exception) and not isinstance(error, click.exceptions.Exit):
        return _as_exception(_received[-1])
    return None


def _reader_is_gone() -> bool:
    """Whether the reader of standard output (head, less) has closed it; if so, what is still written goes nowhere."""
    try:
        click.echo()
    except BrokenPipeError:
        # Python must not complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _as_exception(number: int) -> KeyboardInterrupt:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()


def _stop(number: int, _: object) -> None:
    _received.append(number)
    if number == signal.SIGTERM:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise _as_exception(number)
