import subprocess
import sys
from pathlib import Path

import pytest

import benchmarks
from benchmarks.console import run_script
from triage.errors import CheckFailed

FOLDER = Path(benchmarks.__file__).parent
MODULES = {
    ".".join(path.relative_to(FOLDER.parent).with_suffix("").parts): path.read_text(encoding="utf-8")
    for path in sorted(FOLDER.rglob("*.py"))
}
COMMANDS = [name for name, text in MODULES.items() if "run_script(main)" in text]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_parses_its_arguments_and_documents_its_call(name):
    assert "argparse.ArgumentParser" in MODULES[name] or "@click.command" in MODULES[name]
    assert "python -m " + name.removesuffix(".__main__") in MODULES[name]


def test_a_missing_file_is_one_message(tmp_path):
    missing = str(tmp_path / "missing")
    run = [sys.executable, "-m", "benchmarks.learning_curve", "--data", missing]
    found = subprocess.run(run, capture_output=True, text=True, cwd=FOLDER.parent)
    assert found.returncode == 2
    assert found.stderr.startswith("learning_curve: ")
    assert missing in found.stderr
    assert "Traceback" not in found.stderr


def test_a_package_speaks_under_its_own_name(monkeypatch, capsys):
    def main():
        raise CheckFailed("no")

    monkeypatch.setattr(sys, "argv", [str(FOLDER / "kills" / "__main__.py")])
    with pytest.raises(SystemExit) as ended:
        run_script(main)
    assert ended.value.code == CheckFailed.exit_code
    assert capsys.readouterr().err == "kills: no\n"
