import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from skin_distill import machine
from skin_distill.cli import cli
from skin_distill.commands.explain import plot_names

HEAVY = (
    "tensorflow",
    "tf_keras",
    "pandas",
    "sklearn",
    "matplotlib",
    "skimage",
    "cv2",
    "numpy",
    "h5py",
    "kivy",
    "rich",
    "yaml",
    "requests",
)


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_command_has_an_example(name):
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f"skin-distill {name}" in result.output
    assert "Example" in result.output
    for parameter in cli.commands[name].params:
        assert not isinstance(parameter, click.Option) or parameter.help, parameter.name


@pytest.mark.parametrize("name", list(cli.commands))
def test_examples_use_options_that_exist(name):
    command = cli.commands[name]
    known = {option for p in command.params for option in p.opts}
    for example in re.findall(rf"^  skin-distill {name} (.*)$", command.epilog, re.M):
        assert set(re.findall(r"(?<!\S)--[a-z-]+", example)) <= known


@pytest.mark.parametrize("name", list(cli.commands))
def test_every_example_has_a_line_of_its_own(name):
    for line in cli.commands[name].epilog.splitlines():
        if line.startswith("  "):
            assert line.startswith("  skin-distill ") and line.count("skin-distill ") == 1, line


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from skin_distill.cli import cli; from click.testing import CliRunner;"
        "r = CliRunner().invoke(cli, ['--help']); assert r.exit_code == 0;"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_command_imports_no_other():
    code = (
        "import sys; from skin_distill.cli import cli; from click.testing import CliRunner;"
        "r = CliRunner().invoke(cli, ['classify', '--help']); assert r.exit_code == 0;"
        "print([m for m in sys.modules if m.startswith('skin_distill.commands.')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "['skin_distill.commands.classify']"


def test_a_command_ends_without_a_search_for_cycles():
    # What is registered first runs last.
    code = (
        "import atexit, gc, sys; atexit.register(lambda: print(gc.get_freeze_count() > 0)); "
        "sys.argv[1:] = ['--version']; from skin_distill.cli import main; main()"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split()[-1] == "True"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("download", "scin"), "--out"),
        (("download", "scin", "--out", "x"), "--accept-licence"),
        (("no-such-command",), "no-such-command"),
        (("prepare",), "--out"),
        (("prepare", "kaggle", "--out", "x"), "kaggle"),
        (("prepare", "kaggle", "missing", "--out", "x"), "missing"),
        (("prepare", "kaggle", "missing", "--out", "x"), "skin-distill download"),
        (("prepare", "phantom", "--out", "x", "--seed", "-1"), "--seed"),
        (("teacher", "--config", "demo", "--data", "missing.csv", "--run", "r"), "missing.csv"),
        (("teacher", "--config", "nothing", "--data", "missing.csv", "--run", "r"), "nothing"),
        (("classify", "photo.jpg", "--model", "missing.tflite"), "missing.tflite"),
        (("benchmark", "missing.tflite"), "missing.tflite"),
        (("benchmark", "m.tflite", "--threads", "two"), "--threads"),
        (("benchmark", "m.tflite", "--compare", "old.json"), "old.json"),
        (("benchmark", "m.tflite", "--also", "onnx"), "onnx"),
        (("benchmark", "a.tflite", "b.tflite", "--end-to-end"), "--end-to-end"),
        (("report", "missing"), "missing"),
        (("convert", "--run", "missing", "--data", "m.csv"), "missing"),
        (("convert", "--run", "missing", "--data", "m.csv"), "experiments"),
    ],
)
def test_wrong_use_is_one_message_and_exit_code_2(tmp_path, shell_in, arguments, named):
    assert named in shell_in(tmp_path)(*arguments, expect=2).stderr
    assert list(tmp_path.iterdir()) == []


def test_the_module_runs_the_command(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "skin_distill", "report", "missing"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 2
    assert "missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_knows_this_machine(tmp_path, shell_in):
    findings = {f["what"]: f for f in json.loads(shell_in(tmp_path)("doctor", "--json").stdout)}
    assert findings["TFLite runtime"]["state"] == "ok"
    assert findings["numpy"]["found"]
    assert {"rich", "tensorflow", "kagglehub", "kivy", "keras-cv-attention-models", "buildozer"} <= set(findings)


def test_doctor_fails_where_a_package_that_every_command_needs_is_missing(tmp_path, shell_in, monkeypatch):
    finding = machine.Finding("numpy", "missing", "", "pip install skin-distill", needed=True)
    monkeypatch.setattr(machine, "examine", lambda: [finding])
    done = shell_in(tmp_path)("doctor", "--json", expect=1)
    assert json.loads(done.stdout)[0]["state"] == "missing"
    assert "numpy (pip install skin-distill)" in done.stderr


def test_pictures_of_photos_of_the_same_name_do_not_overwrite_each_other():
    photos = ["a/1.jpg", "b/1.jpg", "1-2.jpg", "c/1.png", "2.jpg"]
    assert plot_names([Path(photo) for photo in photos]) == ["1", "1-2", "1-2-2", "1-3", "2"]


def test_doctor_names_the_extra_that_brings_what_is_missing(monkeypatch):
    finding = machine.Finding("kivy", "missing", "", "pip install 'skin-distill[app]'")
    monkeypatch.setattr(machine, "examine", lambda: [finding])
    assert "pip install 'skin-distill[app]'" in CliRunner().invoke(cli, ["doctor"]).output


@pytest.mark.parametrize("given", [[], ["--teacher", "t"], ["--run", "s"]])
def test_distill_needs_teacher_and_run_unless_it_exports_views(given):
    result = CliRunner().invoke(cli, ["distill", "--config", "demo", "--data", "meta.csv", *given])
    assert result.exit_code == 2
    assert {"--teacher", "--run", "--export-views"} <= set(re.findall(r"--[\w-]+", result.output))
