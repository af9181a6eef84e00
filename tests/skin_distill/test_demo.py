import subprocess
import sys

import pytest

from skin_distill import demo


def test_the_time_of_a_stopped_demonstration_counts(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(demo.time, "monotonic", lambda: now[0])
    path = tmp_path / "new" / "seconds.json"
    with pytest.raises(KeyboardInterrupt), demo.stopwatch(path, {"recipe": "one"}):
        now[0] += 40
        raise KeyboardInterrupt
    now[0] += 1000  # nobody worked
    with demo.stopwatch(path, {"recipe": "one"}) as seconds:
        now[0] += 2
        assert seconds() == 42
    with demo.stopwatch(path, {"recipe": "another"}) as seconds:
        assert seconds() == 0


def test_tensorflow_is_not_imported_before_its_log_is_muted(tmp_path):
    code = (
        "import sys; from skin_distill import demo; from skin_distill.terminal import Terminal;"
        "demo.load_tensorflow = lambda: sys.exit('tensorflow' in sys.modules);"
        "demo.run_demo(__import__('pathlib').Path(sys.argv[1]), Terminal(-1)); sys.exit('never loaded')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
