import multiprocessing
import os

import pytest

from benchmarks.kill_training import sweep


def _sweep(folder, queue):
    queue.put(sweep(folder, kills=12, backbone="tiny", seed=3, say=lambda text: None))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="attempts are forks")
def test_a_training_killed_at_random_moments_ends_as_one_left_alone(tmp_path):
    # In a process of its own: an attempt is a fork, and what TensorFlow has started here would not survive it.
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_sweep, args=(tmp_path, queue))
    process.start()
    outcome = queue.get(timeout=280)
    process.join()
    assert outcome.kills >= 12
    assert outcome.tail_kills >= 3
    assert outcome.runs >= 2
    assert outcome.faults == []
