import json
import os
import shutil
import socket
import subprocess
import sys

import numpy as np
import pytest

from distill.model_file import load_model
from distill.recipe import DistillRecipe
from distill.train import distill_student
from skin_data.manifest import read_manifest
from skin_training.recipe import Phase, TeacherRecipe
from skin_training.run_folder import RunFolder
from skin_training.strategy import make_strategy, split_batch
from teacher.train import train_teacher
from tests.noise_data import make_photos
from triage.errors import UnusableInput

PROGRAM = """
import sys
from pathlib import Path
import tensorflow as tf
if sys.argv[1] == "mirrored":  # two processors stand for two GPUs
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
else:
    from skin_training.strategy import make_strategy
    strategy = make_strategy(sys.argv[1])
from tests.noise_data import know_tiny_networks
from tests.skin_training.test_strategy import train
know_tiny_networks(student=True)
print(*train(Path(sys.argv[2]), Path(sys.argv[3]), strategy))
"""


def train(meta, folder, strategy=None):
    """Train the teacher `run` and distil the teacher `t`; return the views that this process let that predict.

    In what is compared, batch normalisation stays frozen and dropout off: both would see a replica's part of the batch,
    not the whole.
    """
    manifest, views = read_manifest(meta), set()
    phases = (
        Phase("A heads", "heads", 2, 1e-2, fixed_views=2, weight_average=0.5),
        Phase("B CCM", "ccm", 2, 1e-2, mixup=0.3),
    )
    recipe = TeacherRecipe(phases, "resnet10", "none", 32, batch_size=8, dropout=0.0, most_repeats=2)
    train_teacher(recipe, manifest, RunFolder("run", folder), strategy=strategy)
    phases = (Phase("heads", "heads", 2, 1e-2), Phase("all", "all", 1, 1e-3, weight_average=0.5))
    student = DistillRecipe(
        phases, weights="none", input_size=32, batch_size=8, dropout=0.0, view_count=3, mixup=0.3, without_teacher=False
    )

    def note(stage, done, total):
        if stage == "teacher's predictions":
            views.add((done - 1) * 3 // total)

    distill_student(
        student, manifest, RunFolder("t", folder), RunFolder("student", folder), progress=note, strategy=strategy
    )
    return sorted(views)


def started(strategy, meta, folder, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, strategy, str(meta), str(folder)],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process):
    output, errors = process.communicate(timeout=250)
    assert process.returncode == 0, errors[-3000:]
    return output


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def losses_of(folder, run="run"):
    rows = (folder / f"experiments/{run}/metrics.csv").read_text().splitlines()
    names = rows[0].split(",")
    return [float(row.split(",")[names.index("loss")]) for row in rows[1:]]


def result(folder):
    report = json.loads((folder / "experiments/run/report.json").read_text())["teacher"]
    return losses_of(folder), np.array(report["color_calibration"]["matrix"]), report["phases"]


def test_two_workers_or_devices_train_what_one_process_trains(tmp_path, tiny_networks):
    meta = make_photos(tmp_path / "data")
    recipe = TeacherRecipe((Phase("A heads", "heads", 1, 1e-2),), tiny_networks, "none", 32, batch_size=8)
    train_teacher(recipe, read_manifest(meta), RunFolder("t", tmp_path / "one"))
    for name in ("two", "mirrored"):
        shutil.copytree(tmp_path / "one", tmp_path / name)
    workers = [f"localhost:{port}" for port in free_ports(2)]
    configs = [{"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}} for index in range(2)]
    others = [
        started("mirrored", meta, tmp_path / "mirrored"),
        *(started("multiworker", meta, tmp_path / "two", TF_CONFIG=json.dumps(config)) for config in configs),
    ]
    assert train(meta, tmp_path / "one") == [0, 1, 2]
    # Each worker let the teacher predict its own views.
    assert [ended(process).split() for process in others] == [["0", "1", "2"], ["0", "2"], ["1"]]
    expected_losses, expected_matrix, expected_phases = result(tmp_path / "one")
    assert not np.allclose(expected_matrix, np.eye(3), atol=1e-3)
    expected = losses_of(tmp_path / "one", "student")
    for name in ("two", "mirrored"):
        losses, matrix, phases = result(tmp_path / name)
        np.testing.assert_allclose(losses, expected_losses, rtol=1e-4)
        np.testing.assert_allclose(matrix, expected_matrix, atol=1e-4)
        assert [p["moved"] for p in phases] == [p["moved"] for p in expected_phases]
        losses = losses_of(tmp_path / name, "student")
        np.testing.assert_allclose(losses[:2], expected[:2], rtol=1e-4)
        np.testing.assert_allclose(losses[2], expected[2], rtol=0.2)  # with batch normalisation
        # One of them wrote the files.
        for run, model in (("run", "teacher.keras"), ("student", "student.keras")):
            assert [path.name for path in (tmp_path / name / "artifacts" / run).iterdir()] == [model]
        load_model(tmp_path / name / "artifacts/student/student.keras")


def test_what_a_strategy_cannot_do_is_a_clear_error(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UnusableInput, match="TF_CONFIG"):
        make_strategy("multiworker")
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 3}}')
    with pytest.raises(UnusableInput, match=r"TF_CONFIG.*a:1"):
        make_strategy("multiworker")
    with pytest.raises(UnusableInput, match=r"mirrored.*tpu"):
        make_strategy("tpu")

    class Three:
        num_replicas_in_sync = 3

    with pytest.raises(UnusableInput, match=r"8 .*3 "):
        split_batch(Three(), {"image_ids": np.arange(8)})


def test_mixed_precision_trains_nearly_the_same_and_saves_float32(tmp_path):
    meta = read_manifest(make_photos(tmp_path / "data"))
    recipe = TeacherRecipe((Phase("D all", "all", 2, 1e-3),), "resnet10", "none", 32, batch_size=8, dropout=0.2)
    for name in ("float", "mixed"):
        train_teacher(recipe, meta, RunFolder("run", tmp_path / name), mixed_precision=name == "mixed")
    losses, expected = (result(tmp_path / name)[0] for name in ("mixed", "float"))
    np.testing.assert_allclose(losses, expected, rtol=0.05)
    assert losses != expected
    model = load_model(tmp_path / "mixed/artifacts/run/teacher.keras")
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}
