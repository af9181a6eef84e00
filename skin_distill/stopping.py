"""How a command ends on Ctrl-C, SIGTERM, or a closed pipe at standard output."""

import os
import signal
import sys
from typing import Any

import click

STOPPED = "stopped."
RESUMABLE = "stopped. Run the same command again to resume."


class Stop(KeyboardInterrupt):
    """A signal ended a command.

    Attributes:
        number: of the signal.
        resumable: the same command resumes the work.
    """

    def __init__(self, number: int = signal.SIGINT, resumable: bool = False):
        super().__init__()
        self.number, self.resumable = number, resumable


# Signals received. The exception that a signal raises may be swallowed or replaced on its way up.
_received: list[int] = []


class StoppableGroup(click.Group):
    """A command group that a signal ends, even if its exception was replaced on the way up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of registration."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Invoke the command named on the command line."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            stop = _stop_behind(error)
            if stop is not None:
                raise stop from error
            if isinstance(error, BrokenPipeError) and output_fails():
                raise click.exceptions.Exit(0) from error
            if isinstance(error, (BrokenPipeError, EOFError)):
                # click would take the first for a closed standard output and the second for Ctrl-C.
                raise RuntimeError("A file or a pipe ended too early.") from error
            raise


class ResumableCommand(click.Command):
    """A command that resumes where it was stopped, and says so when it is stopped."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BaseException as error:
            stop = _stop_behind(error)
            if stop is None:
                raise
            raise Stop(stop.number, resumable=True) from error


def handle_signals() -> None:
    """Make SIGTERM end the process as Ctrl-C does; a second SIGTERM ends it at once and silently."""
    signal.signal(signal.SIGTERM, _stop)
    # A shell may make its background jobs ignore Ctrl-C; leave that as it is.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


def exit_code(error: BaseException) -> int:
    """Exit code of a process that a signal ended, as shells expect it: 128 plus the signal's number."""
    return 128 + _stop_of(error).number


def stop_message(error: BaseException) -> str:
    """Message for a person who has stopped a command."""
    return RESUMABLE if _stop_of(error).resumable else STOPPED


def _stop_of(error: BaseException) -> Stop:
    error = error.__cause__ if isinstance(error, click.Abort) and error.__cause__ else error
    return error if isinstance(error, Stop) else Stop()


def _stop_behind(error: BaseException) -> Stop | None:
    """The stop behind an exception, or None if the exception is a failure of its own.

    TensorFlow turns what a signal raises inside a callback from C++ into a RuntimeError or the like, so once a signal
    was received, any exception counts as the stop.
    """
    if isinstance(error, KeyboardInterrupt):
        return _stop_of(error)
    if _received and isinstance(error, Exception) and not isinstance(error, click.exceptions.Exit):
        return Stop(_received[-1])
    return None


def raise_swallowed() -> None:
    """Raise the `Stop` of a signal that was received: work goes on only where a callback swallowed it."""
    if _received:
        raise Stop(_received[-1])


def output_fails() -> bool:
    """Whether standard output can no longer be written, because its reader (head, less) or a full disk ended it.

    If so, further output is discarded.
    """
    try:
        click.echo()
    except OSError:
        # Otherwise Python complains when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _stop(number: int, _: object) -> None:
    _received.append(number)
    if number == signal.SIGTERM:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Stop(number)
