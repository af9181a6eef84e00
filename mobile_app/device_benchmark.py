"""How fast a model answers on this device."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def run(
    model: Path, progress: Callable[[float], None] = lambda share: None, seconds: float = 10.0, threads: int = 1
) -> dict[str, Any]:
    """Time a model for some seconds.

    Args:
        model: a release file.
        progress: told the share that is done, in [0, 1].
        seconds: how long.
        threads: of the interpreter.

    Returns:
        JSON-able, in the format of `skin-distill benchmark --json`, and `thermal_note`.
    """
    raise NotImplementedError
