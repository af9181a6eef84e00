"""Say which extra is missing instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from triage.errors import MissingDependency


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing library inside the block into an error that names the extra which brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingDependency(
            f"This command needs {error.name}, which is not installed. "
            f"Install it with: pip install 'skin-distill[{extra}]'"
        ) from error
