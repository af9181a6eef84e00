from pathlib import Path

import numpy as np
import pytest
import tf_keras as keras

from tests.environments.sample_models import phantom_pixels, write_samples

SIZE = 32


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """A small untrained student as a float32 release file, and as `student.keras` beside it."""
    from distill.student import build_student

    keras.utils.set_random_seed(1)
    student = build_student(10, SIZE)
    folder = tmp_path_factory.mktemp("model")
    student.save(folder / "student.keras")
    return write_samples(student, phantom_pixels(2, SIZE), ["float32"], folder, prefix="student-")["float32"]


@pytest.fixture(scope="session")
def result() -> dict:
    """What a benchmark of two models gave, shortened: the second is twice as slow as the first."""
    rounds = np.array([2.0, 2.1, 1.9, 2.05])
    results = [
        {
            "model": name,
            "way": "best",
            "sha256": name * 2,
            "threads": 1,
            "bytes": 1000,
            "p50_ms": float(np.median(rounds * factor)),
            "p90_ms": float(rounds.max() * factor),
            "round_medians_ms": (rounds * factor).tolist(),
            "runtime": "r 1",
        }
        for name, factor in (("a.tflite", 1), ("b.tflite", 2))
    ]
    machine = {"cpu": "c", "cores": 2, "platform": "p", "runtime": "r 1", "load_average": 0.5, "governor": None}
    return {"format": 1, "mode": "rapid", "machine": machine, "noisy": False, "results": results, "files": {}}
