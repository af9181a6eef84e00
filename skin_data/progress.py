"""The callback through which long work reports how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)`."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Show nothing: the default where a caller does not ask for progress."""
