"""Say which extra is missing instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

from triage.errors import MissingDependency

OWN_PACKAGES = ("triage", "teacher", "distill", "convert", "benchmarks", "skin_distill")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing library inside the block into an error that names the extra which brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in OWN_PACKAGES:
            raise
        raise MissingDependency(
            f"This command needs {error.name}, which is not installed. "
            f"Install it with: pip install 'skin-distill[{extra}]'"
        ) from error
