import multiprocessing
import os

import pytest

from benchmarks.kills.jobs import make_job
from benchmarks.kills.sweep import sweep


def _sweep(what, folder, kills, queue):
    queue.put(sweep(make_job(what), folder, kills, seed=3, say=lambda text: None))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="attempts are forks")
@pytest.mark.parametrize(("what", "kills"), [("prepare", 4), ("teacher", 12), ("distill", 4), ("convert", 4)])
def test_a_command_killed_at_random_moments_ends_as_one_left_alone(what, kills, tmp_path):
    # In a process of its own: an attempt is a fork, and what TensorFlow has started here would not survive it.
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_sweep, args=(what, tmp_path, kills, queue))
    process.start()
    outcome = queue.get(timeout=280)
    process.join()
    assert outcome.kills >= kills
    assert outcome.tail_kills >= 1
    assert outcome.runs >= 1
    assert outcome.faults == []
