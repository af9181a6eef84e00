"""How a command ends when somebody asks it to: Ctrl-C, or SIGTERM."""

import signal
from collections.abc import Iterator
from typing import Any

import click


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end, with SIGTERM."""


class ResumableCommand(click.Command):
    """A command that, called again, goes on where it was stopped; being stopped, it says so."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise Resumable from error


class Resumable(KeyboardInterrupt):
    """Work was stopped that the same command goes on with."""


def end_on_sigterm() -> None:
    """Have SIGTERM end the process as Ctrl-C does; a second one ends it at once, without a word."""
    signal.signal(signal.SIGTERM, _terminate)


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


def _terminate(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated
