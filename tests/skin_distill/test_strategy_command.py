"""`skin-distill teacher --strategy multiworker` through the command line, where workers must be joined first."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

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
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_lost_worker_ends_the_others_with_a_message(tmp_path):
    make_photos(tmp_path / "data")
    (tmp_path / "long.yaml").write_text(RECIPE)
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("localhost", 0))
    cluster = {"worker": [f"localhost:{one.getsockname()[1]}" for one in sockets]}
    for one in sockets:
        one.close()
    arguments = ["--config", "long.yaml", "--data", "data/meta.csv", "--run", "two", "--strategy", "multiworker"]
    workers = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        workers.append(
            subprocess.Popen(
                [sys.executable, "-m", "skin_distill", "teacher", *arguments],
                cwd=tmp_path,
                env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CONFIG": config},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        checkpoint = tmp_path / "artifacts" / "two" / "teacher-checkpoint.npz"
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
