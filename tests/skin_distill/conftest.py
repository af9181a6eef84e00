"""Runs the command line in this process: an import of TensorFlow a command would take most of the tests' time."""

import contextlib
import io
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from skin_distill.cli import main


class Shell:
    """Runs commands in one folder; `expect` is the exit code, or several that will do."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *arguments, expect=0):
        out, err = io.StringIO(), io.StringIO()
        before, words, handlers = Path.cwd(), sys.argv, [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
        os.chdir(self.folder)
        sys.argv = ["skin-distill", *map(str, arguments)]
        code = 0
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                main()
        except SystemExit as ended:
            code = ended.code
        finally:
            os.chdir(before)
            sys.argv = words
            for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
                signal.signal(number, handler)
        assert code in ((expect,) if isinstance(expect, int) else expect), err.getvalue()[-3000:]
        return SimpleNamespace(stdout=out.getvalue(), stderr=err.getvalue(), code=code)


@pytest.fixture(scope="session")
def shell_in():
    """`shell_in(folder)`: a `Shell` there."""
    return Shell
