"""Keep what native libraries print about themselves away from the person at the terminal."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDERR = 2
_lock = threading.RLock()


@contextmanager
def native_stderr_muted() -> Iterator[None]:
    """Send file descriptor 2 to nowhere while the block runs.

    LiteRT writes "INFO: Created TensorFlow Lite XNNPACK delegate" there from C++, out of reach of Python's
    `sys.stderr` and of any log level. The whole process is muted meanwhile, so keep the block short. Where the process
    has no descriptor 2 (a windowed application), nothing is done.
    """
    with _lock:
        with suppress(Exception):
            sys.stderr.flush()
        try:
            saved = os.dup(_STDERR)
        except OSError:
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, _STDERR)
            finally:
                os.close(nowhere)
            yield
        finally:
            os.dup2(saved, _STDERR)
            os.close(saved)
