"""Silence messages that native libraries print to standard error."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDERR = 2
_lock = threading.RLock()


@contextmanager
def native_stderr_muted() -> Iterator[None]:
    """Redirect file descriptor 2 to the null device inside the block.

    LiteRT's C++ writes "INFO: Created TensorFlow Lite XNNPACK delegate" there, beyond the reach of `sys.stderr` and log
    levels. The whole process is muted, so keep the block short. Does nothing without a descriptor 2 (windowed apps).
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
