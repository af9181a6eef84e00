import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(__file__).parent / "scripts"


def in_own_process(script: str, *arguments: object, timeout: float = 240, **environment: str) -> str:
    """Run a script of tests/mobile_app/ui/scripts; Kivy has one window a process. Gives what it printed."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, *map(str, arguments)],
        env={**os.environ, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def own_process(kivy) -> Callable[..., str]:
    return in_own_process


@pytest.fixture(scope="session")
def kivy() -> None:
    if importlib.util.find_spec("kivy") is None:
        pytest.skip("Kivy is not installed: pip install 'skin-distill[app]'")


@pytest.fixture(scope="session")
def tour(kivy, tmp_path_factory) -> list[dict]:
    """Every screen at four window sizes with text at 1, 1.5 and 2: words and what can be pressed."""
    folder = tmp_path_factory.mktemp("tour")
    in_own_process("tour.py", folder, timeout=580)
    return json.loads((folder / "tour.json").read_text(encoding="utf-8"))
