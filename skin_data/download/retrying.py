"""Ask a server again when the network failed."""

import time
from collections.abc import Callable
from typing import TypeVar

from skin_data.download import transfer
from skin_data.download.remote import ConnectionLost

T = TypeVar("T")
ATTEMPTS = 3


def retrying(ask: Callable[[], T]) -> T:
    """Return what a question to a server answers; asked again after a failure of the network.

    Raises:
        ConnectionLost: it failed `ATTEMPTS` times.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except ConnectionLost:
            if attempt == ATTEMPTS:
                raise
            time.sleep(transfer.PAUSE * 2 ** (attempt - 1))
    raise AssertionError("unreachable")
