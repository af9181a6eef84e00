"""How a command ends when somebody asks it to: Ctrl-C, or SIGTERM."""

import signal


class Terminated(KeyboardInterrupt):
    """Somebody asked the process to end, with SIGTERM."""


def end_on_sigterm() -> None:
    """Have SIGTERM end the process as Ctrl-C does; a second one ends it at once, without a word."""
    signal.signal(signal.SIGTERM, _terminate)


def exit_code(error: BaseException) -> int:
    """The exit code that shells expect of a process that was stopped: 128 and the signal's number."""
    terminated = isinstance(error, Terminated) or isinstance(error.__cause__, Terminated)
    return 128 + (signal.SIGTERM if terminated else signal.SIGINT)


def _terminate(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise Terminated
