import json
import subprocess
import sys

import pytest

from skin_distill import demo
from skin_distill.terminal import Terminal


def test_tensorflow_is_not_imported_before_its_log_is_muted(tmp_path):
    code = (
        "import sys; from skin_distill import demo; from skin_distill.terminal import Terminal;"
        "demo.load_tensorflow = lambda: sys.exit('tensorflow' in sys.modules);"
        "demo.run_demo(__import__('pathlib').Path(sys.argv[1]), Terminal(-1)); sys.exit('never loaded')"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture
def pipeline(tmp_path, monkeypatch):
    """The runs of a pipeline that only writes the file it chooses."""
    runs = []

    def run(root, terminal, recipe):
        runs.append(recipe)
        (root / "chosen.tflite").parent.mkdir(parents=True, exist_ok=True)
        (root / "chosen.tflite").write_bytes(b"model")
        return {"chosen": str(root / "chosen.tflite"), "rows": [1.5]}

    monkeypatch.setattr(demo, "_run_pipeline", run)
    return runs


def test_the_first_answer_comes_before_the_pipeline_and_has_a_tip(tmp_path, monkeypatch, capsys):
    told = []
    monkeypatch.setattr(demo, "_run_pipeline", lambda *_: told.append(capsys.readouterr().err) or sys.exit())
    with pytest.raises(SystemExit):
        demo.run_demo(tmp_path, Terminal(0))
    text = " ".join(told[0].split())
    assert "Lighting: poor" in text and "Lighting: good" in text
    assert "light" in text.split("Lighting: poor")[1].split("Lighting: good")[0]
    assert "not a medical device" in text


def test_a_finished_run_answers_at_once_until_something_it_depends_on_changes(tmp_path, pipeline, capsys):
    root = tmp_path / "demo"
    first = demo.run_demo(root, Terminal(0))
    capsys.readouterr()
    assert demo.run_demo(root, Terminal(0)) == first
    assert len(pipeline) == 1
    assert str(root) in capsys.readouterr().err
    other = tmp_path / "other.yaml"
    other.write_text("data: {}\n")
    demo.run_demo(root, Terminal(-1), str(other))
    assert len(pipeline) == 2
    (root / "chosen.tflite").write_bytes(b"damaged")
    demo.run_demo(root, Terminal(-1), str(other))
    assert len(pipeline) == 3
    (root / demo.FINISHED).write_text(json.dumps({"key": {}})[:5])
    demo.run_demo(root, Terminal(-1), str(other))
    assert len(pipeline) == 4
