import json
import multiprocessing
import os

import numpy as np
import pytest

from tests.stress.kills.jobs import make_job
from tests.stress.kills.sweep import sweep


def _sweep(what, folder, kills, queue):
    queue.put(sweep(make_job(what), folder, kills, seed=3, say=lambda text: None))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="attempts are forks")
@pytest.mark.parametrize(
    ("what", "kills"),
    [("prepare", 2), *(pytest.param(what, 3, marks=pytest.mark.stress) for what in ("teacher", "distill", "convert"))],
)
def test_a_command_killed_at_random_moments_ends_as_one_left_alone(what, kills, tmp_path):
    # In a process of its own: an attempt is a fork, and what TensorFlow has started here would not survive it.
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_sweep, args=(what, tmp_path, kills, queue))
    process.start()
    outcome = queue.get(timeout=580)
    process.join()
    assert outcome.kills >= kills
    assert outcome.tail_kills >= 1
    assert outcome.runs >= 1
    assert outcome.faults == []


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_photos_measured_twice_are_a_fault(tmp_path):
    job, ledger = make_job("prepare"), tmp_path / ".measurements.jsonl"
    lines = [json.dumps({"key": f"code|{name}.png|1|2", "result": {"ita": 1}}) for name in "abc"]
    refused = json.dumps({"key": "code|d.png|1|2", "result": {"error": "damaged"}})
    write(ledger, "\n".join([*lines, refused, refused, lines[0][:20]]))
    assert job.faults(tmp_path, None, [], []) == []
    write(ledger, "\n".join([*lines, lines[1]]))
    assert job.faults(tmp_path, None, [], []) == ["b.png was done again: .measurements.jsonl"]


def test_epochs_and_answers_computed_again_or_lost_are_faults(tmp_path):
    job, views = make_job("distill"), tmp_path / "artifacts/teacher/answers/key"
    alone = [{"checkpoint": "that of another run"}, *({"stage": "teacher's predictions", "done": n} for n in (8, 16))]
    write(views / "view-000.npz", "")
    checkpoint = tmp_path / "artifacts/student/student-checkpoint.npz"
    checkpoint.parent.mkdir()
    np.savez(checkpoint, state=np.frombuffer(json.dumps({"rows": [{}, {}]}).encode(), np.uint8))
    before = job.state(tmp_path)
    found = job.faults(tmp_path, before, [{"stage": "distill: all, epoch 1 of 2", "done": 1}, alone[1]], alone)
    assert found == [
        "the checkpoint of 'distill' after 2 epochs is another",
        "'distill' began with epoch 2, saved were 2",
        "view 1 was answered first, answered already were 1",
    ]
    alone.append({"checkpoint": before["checkpoints"]["distill"][0]})
    going_on = [{"stage": "distill: all, epoch 2 of 2", "done": 1}, alone[2]]
    assert job.faults(tmp_path, before, going_on, alone) == []
    (views / "view-000.npz").unlink()
    assert job.faults(tmp_path, before, going_on, alone) == ["a view's answers before the one under way were lost"]


def test_files_converted_again_or_lost_are_faults(tmp_path):
    job, file = make_job("convert"), "artifacts/student/student-float32.tflite"
    write(tmp_path / file, "")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    report = {"convert": {"variants": {"float32": {"sha256": empty}, "int8": {"sha256": empty}}}}
    write(tmp_path / "experiments/student/report.json", json.dumps(report))
    before = job.state(tmp_path)
    assert before["current"] == {file}
    assert job.faults(tmp_path, before, [{"placed": file.replace("float32", "int8")}], []) == []
    assert job.faults(tmp_path, before, [{"placed": file}], []) == [f"{file} was made again"]
    (tmp_path / file).unlink()
    assert job.faults(tmp_path, before, [], []) == [f"{file} was lost"]
