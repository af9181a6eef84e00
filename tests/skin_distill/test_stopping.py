"""Stopping a training, and what it refuses to begin with."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time

import click
import pytest

from skin_distill.cli import cli
from skin_distill.stopping import Terminated, exit_code, last_words

LONG = """
teacher:
  backbone: resnet10
  weights: none
  input_size: 32
  batch_size: 16
  seed: {seed}
  phases:
    - {{name: D all, trains: all, epochs: {epochs}, learning_rate: {rate}}}
"""


def heed_interrupts():
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "skin_distill", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore Ctrl-C, and so would what they start.
        preexec_fn=heed_interrupts if os.name == "posix" else None,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopping")
    done = run(folder, "prepare", "phantom", "--out", "data", "--count", 60, "--size", 64)
    assert done.wait(250) == 0, done.stderr.read()
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_training_cleanly_and_the_checkpoint_stays(folder, number, code):
    name = f"signal-{code}"
    (folder / "long.yaml").write_text(LONG.format(seed=1, epochs=10_000, rate=1e-3))
    process = run(folder, "teacher", "--config", "long.yaml", "--data", "data/meta.csv", "--run", name)
    checkpoint = folder / "artifacts" / name / "teacher-checkpoint.npz"
    patience = time.monotonic() + 200
    while not checkpoint.is_file() and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.1)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors[-2000:]
    assert "stopped. The same command goes on from here." in errors
    assert "Traceback" not in errors
    assert checkpoint.is_file()
    assert not [file for _, _, files in os.walk(folder / "artifacts") for file in files if file.startswith(".")]
    # Another recipe is told, not overwritten.
    if code == 143:
        (folder / "long.yaml").write_text(LONG.format(seed=2, epochs=10_000, rate=1e-3))
        process = run(folder, "teacher", "--config", "long.yaml", "--data", "data/meta.csv", "--run", name)
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 2
        assert "another recipe" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_second_sigterm_ends_what_is_still_being_cleared_up_without_a_traceback():
    code = (
        "import os, signal; from skin_distill.stopping import heed_signals; heed_signals()\n"
        "try: os.kill(os.getpid(), signal.SIGTERM); signal.pause()\n"
        "finally: os.kill(os.getpid(), signal.SIGTERM); signal.pause()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGTERM
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("name", "words"), [("teacher", "stopped. The same command goes on"), ("verify", "stopped.")])
def test_a_stop_that_comes_out_of_c_plus_plus_as_another_error_is_still_a_stop(name, words):
    # pybind11 throws what a Python callback raised as a C++ exception, and TensorFlow gives that back as its own.
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
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "words"), [("teacher", "stopped. The same command goes on from here."), ("benchmark", "stopped.")]
)
@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_only_a_command_that_goes_on_promises_it(monkeypatch, name, words, stop, code):
    def callback():
        raise stop

    command = cli.commands[name]
    monkeypatch.setattr(command, "callback", callback)
    with pytest.raises(KeyboardInterrupt) as stopped:
        command.invoke(click.Context(command))
    assert last_words(stopped.value) == words
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
def test_only_a_reader_that_has_seen_enough_ends_a_command_in_silence(body, code, words):
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


def test_a_loss_that_is_no_number_and_photos_that_moved_are_clear_errors(folder):
    (folder / "mad.yaml").write_text(LONG.format(seed=1, epochs=2, rate=1e30))
    process = run(folder, "teacher", "--config", "mad.yaml", "--data", "data/meta.csv", "--run", "mad")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 1, errors[-2000:]
    for part in ("in phase D all, epoch ", ", step ", "The batch's photos: ", ".jpg", "smaller learning rate"):
        assert part in errors, part
    moved = next((folder / "data").rglob("*.jpg"))
    moved.rename(moved.with_suffix(".gone"))
    # At another size: the pixels of this one are kept.
    (folder / "moved.yaml").write_text(LONG.format(seed=1, epochs=1, rate=1e-3).replace("32", "40"))
    process = run(folder, "teacher", "--config", "moved.yaml", "--data", "data/meta.csv", "--run", "moved")
    _, errors = process.communicate(timeout=200)
    moved.with_suffix(".gone").rename(moved)
    assert process.returncode == 2, errors[-2000:]
    assert moved.name in errors
    assert "1 of " in errors


def test_a_class_without_a_training_example_is_named(folder):
    rows = list(csv.DictReader((folder / "data" / "meta.csv").open(newline="")))
    rare = rows[0]["diagnosis"]
    for row in rows:
        if row["diagnosis"] == rare:
            row["split"] = "test"
        row["image_path"] = str(folder / "data" / row["image_path"])
    (folder / "rare").mkdir()
    shutil.copy(folder / "data" / "taxonomy.yaml", folder / "rare")
    with open(folder / "rare" / "meta.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "rare.yaml").write_text(LONG.format(seed=1, epochs=1, rate=1e-3))
    process = run(folder, "teacher", "--config", "rare.yaml", "--data", "rare/meta.csv", "--run", "rare")
    _, errors = process.communicate(timeout=200)
    assert process.returncode == 2, errors[-2000:]
    assert f"no training example: {rare}." in errors
