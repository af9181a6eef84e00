import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.console import run_script
from triage.errors import CheckFailed

FOLDER = Path(benchmarks.__file__).parent
COMMANDS = sorted(
    path.stem
    for path in FOLDER.glob("*.py")
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8") and not path.stem.endswith("worker")
)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_measurement_reads_its_arguments_by_a_parser(name):
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert "argparse.ArgumentParser" in text or "@click.command" in text


@pytest.mark.parametrize("name", ["phantom_speed", "near_duplicates"])
def test_help_says_how_to_call_it(name):
    run = [sys.executable, "-m", f"benchmarks.{name}", "--help"]
    found = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0
    assert f"python -m benchmarks.{name}" in found.stdout


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("altered_models", [], "does not exist"),
        ("agreement_with_litert", [], "does not exist"),
        ("ablations", ["--data"], "The table cannot be read"),
        ("learning_curve", ["--data"], "The table cannot be read"),
    ],
)
def test_a_missing_file_is_one_message(name, options, said, tmp_path):
    run = [sys.executable, "-m", f"benchmarks.{name}", *options, str(tmp_path / "missing")]
    found = subprocess.run(run, capture_output=True, text=True, timeout=120, cwd=FOLDER.parent)
    assert found.returncode == 2
    assert found.stderr.startswith(f"{name}: ")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_a_package_speaks_under_its_own_name(monkeypatch, capsys):
    def main():
        raise CheckFailed("no")

    monkeypatch.setattr(sys, "argv", [str(FOLDER / "kills" / "__main__.py")])
    with pytest.raises(SystemExit) as ended:
        run_script(main)
    assert ended.value.code == CheckFailed.exit_code
    assert capsys.readouterr().err == "kills: no\n"
