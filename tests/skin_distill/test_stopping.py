"""Stopping a command, and a training that cannot start or go on."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import click
import pytest

from skin_distill import stopping
from skin_distill.cli import cli
from skin_distill.stopping import RESUMABLE, STOPPED, Stop, exit_code, stop_message
from skin_distill.terminal import Terminal

LONG = """
teacher:
  backbone: resnet10
  weights: none
  input_size: {size}
  batch_size: 16
  seed: {seed}
  phases:
    - {{name: D all, trains: all, epochs: {epochs}, learning_rate: {rate}}}
"""


def start(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "skin_distill", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background makes them ignore Ctrl-C, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture(scope="module")
def shell(tmp_path_factory, shell_in):
    shell = shell_in(tmp_path_factory.mktemp("stopping"))
    shell("prepare", "phantom", "--out", "data", "--count", 60, "--size", 64)
    return shell


def train(shell, name, data="data", expect=0, size=32, **recipe):
    (shell.folder / f"{name}.yaml").write_text(
        LONG.format(**{"seed": 1, "epochs": 1, "rate": 1e-3, **recipe}, size=size)
    )
    return shell("teacher", "--config", f"{name}.yaml", "--data", f"{data}/meta.csv", "--run", name, expect=expect)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_training_cleanly_and_the_checkpoint_stays(shell, number, code):
    name, folder = f"signal-{code}", shell.folder
    (folder / "long.yaml").write_text(LONG.format(seed=1, epochs=10_000, rate=1e-3, size=32))
    process = start(folder, "teacher", "--config", "long.yaml", "--data", "data/meta.csv", "--run", name)
    checkpoint = folder / "artifacts" / name / "teacher-checkpoint.npz"
    patience = time.monotonic() + 200
    while not checkpoint.is_file() and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors[-2000:]
    assert RESUMABLE in errors
    assert "Traceback" not in errors
    assert checkpoint.is_file()
    assert not [file for _, _, files in os.walk(folder / "artifacts") for file in files if file.startswith(".")]
    # Another recipe under the same name is refused; the checkpoint stays.
    before = checkpoint.read_bytes()
    assert name in train(shell, name, seed=2, epochs=10_000, expect=2).stderr
    assert checkpoint.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_second_sigterm_ends_what_is_still_being_cleared_up_without_a_traceback():
    code = (
        "import os, signal; from skin_distill.stopping import handle_signals; handle_signals()\n"
        "try: os.kill(os.getpid(), signal.SIGTERM); signal.pause()\n"
        "finally: os.kill(os.getpid(), signal.SIGTERM); signal.pause()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGTERM
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("name", "message"), [("teacher", RESUMABLE), ("verify", STOPPED)])
def test_a_stop_that_tensorflow_turns_into_another_error_is_still_a_stop(name, message):
    # pybind11 throws what a Python callback raised as a C++ exception, which TensorFlow returns as its own.
    code = f"""
import os, signal, sys
from skin_distill import cli

def callback(**_):
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    except KeyboardInterrupt as error:
        raise RuntimeError("Terminated: At: trace_function") from None

cli.cli.commands[{name!r}].callback = callback
cli.cli.commands[{name!r}].params = []
sys.argv = ["skin-distill", {name!r}]
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 143, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verbosity", [-1, 0])
def test_a_signal_that_a_callback_swallowed_ends_the_work_at_its_next_step(monkeypatch, verbosity):
    terminal = Terminal(verbosity)
    terminal.progress("work", 1, 3)
    monkeypatch.setattr(stopping, "_received", [signal.SIGTERM])
    with pytest.raises(Stop) as stopped:
        terminal.progress("work", 2, 3)
    assert stopped.value.number == signal.SIGTERM


@pytest.mark.parametrize(("name", "message"), [("teacher", RESUMABLE), ("benchmark", STOPPED)])
@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt(), 130), (Stop(signal.SIGTERM), 143)])
def test_only_a_resumable_command_says_so(monkeypatch, name, message, stop, code):
    def callback():
        raise stop

    command = cli.commands[name]
    monkeypatch.setattr(command, "callback", callback)
    with pytest.raises(KeyboardInterrupt) as stopped:
        command.invoke(click.Context(command))
    assert stop_message(stopped.value) == message
    assert exit_code(stopped.value) == code


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("click.echo('to a reader that has seen enough')", 0, ""),
        ("raise EOFError('of a file cut short')", 1, "EOFError: of a file cut short"),
        ("raise BrokenPipeError(32, 'of a worker')", 1, "BrokenPipeError: [Errno 32] of a worker"),
    ],
)
def test_only_a_closed_standard_output_ends_a_command_silently(body, code, words):
    program = f"""
import click, sys
from skin_distill import cli

def callback(**_):
    {body}

cli.cli.commands["verify"].callback = callback
cli.cli.commands["verify"].params = []
sys.argv = ["skin-distill", "verify"]
cli.main()
"""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            stdout=subprocess.DEVNULL if code else writes,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writes)
    assert done.returncode == code, done.stderr
    assert words in done.stderr and bool(words) == bool(done.stderr)


@pytest.mark.slow
def test_a_nan_loss_names_phase_step_and_photos(shell):
    errors = train(shell, "mad", epochs=2, rate=1e30, expect=1).stderr
    for part in ("D all", "step", ".jpg"):
        assert part in errors, part


@pytest.mark.slow
def test_a_missing_photo_is_named(shell):
    missing = next((shell.folder / "data").rglob("*.jpg"))
    missing.rename(missing.with_suffix(".gone"))
    errors = train(shell, "missing", size=40, expect=2).stderr  # the pixels of size 32 are cached
    missing.with_suffix(".gone").rename(missing)
    assert missing.name in errors


@pytest.mark.slow
def test_a_class_without_a_training_example_is_named(shell):
    data, rare = shell.folder / "data", shell.folder / "rare"
    rows = list(csv.DictReader((data / "meta.csv").read_text().splitlines()))
    diagnosis = rows[0]["diagnosis"]
    for row in rows:
        if row["diagnosis"] == diagnosis:
            row["split"] = "test"
        row["image_path"] = str(data / row["image_path"])
    rare.mkdir()
    shutil.copy(data / "taxonomy.yaml", rare)
    with open(rare / "meta.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert diagnosis in train(shell, "rare", data="rare", expect=2).stderr
