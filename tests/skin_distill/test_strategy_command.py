"""`--strategy multiworker` of `teacher` and `distill` through the command line, where workers must be joined first."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from skin_data.manifest import read_manifest
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.run_folder import RunFolder
from teacher.train import train_teacher
from tests.noise_data import make_photos

pytestmark = pytest.mark.slow

RECIPE = """
teacher:
  backbone: resnet10
  weights: none
  input_size: 32
  batch_size: 8
  phases:
    - {name: D all, trains: all, epochs: 10000, learning_rate: 1.0e-3}
distill:
  weights: none
  width: 0.35
  input_size: 32
  batch_size: 8
  view_count: 2
  phases:
    - {name: distill, trains: all, epochs: 10000, learning_rate: 1.0e-3}
"""


def ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("command", ["teacher", pytest.param("distill", marks=pytest.mark.stress)])
def test_a_lost_worker_ends_the_others_with_a_message(tmp_path, command):
    meta = make_photos(tmp_path / "data")
    (tmp_path / "long.yaml").write_text(RECIPE)
    arguments = ["--config", "long.yaml", "--data", "data/meta.csv", "--run", "two", "--strategy", "multiworker"]
    made = "teacher"
    if command == "distill":
        recipe = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2),), "resnet10", "none", 32, batch_size=8)
        train_teacher(recipe, read_manifest(meta), RunFolder("t", tmp_path))
        arguments += ["--teacher", "t"]
        made = "student"
    cluster = {"worker": [f"localhost:{port}" for port in ports(2)]}
    workers = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        workers.append(
            subprocess.Popen(
                [sys.executable, "-m", "skin_distill", command, *arguments],
                cwd=tmp_path,
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CONFIG": config},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        checkpoint = tmp_path / "artifacts" / "two" / f"{made}-checkpoint.npz"
        patience = time.monotonic() + 200
        while not checkpoint.is_file() and workers[0].poll() is None and time.monotonic() < patience:
            time.sleep(0.1)
        workers[1].send_signal(signal.SIGKILL)
        _, errors = workers[0].communicate(timeout=120)
        assert workers[0].returncode == 1, errors[-3000:]
        assert checkpoint.is_file()
        assert "worker" in errors
        assert "Traceback" not in errors
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
