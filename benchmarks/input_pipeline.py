"""How many photos a second the training input pipeline delivers, against what the student's training step consumes.

    python -m benchmarks.input_pipeline [--size 224] [--batch 32] [--bad-light 0.25]

Both are timed in turns within one run. The pixels are noise in a memory-mapped file, as `skin_data.pixels` keeps a
data set; every view is turned, zoomed and recoloured, and a share of them relit.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from benchmarks.noise_photos import CLASSES, noise_training_set

ROUNDS, STEPS = 5, 12


def noise_photos(folder: Path, count: int, size: int) -> Any:
    """Return uint8 [count, size, size, 3], memory-mapped from a file in the folder."""
    path = folder / "pixels.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, size, size, 3))
    array[:] = np.random.default_rng(0).integers(0, 256, array.shape, np.uint8)
    array.flush()
    return np.load(path, mmap_mode="r")


def measure(size: int, batch: int, bad_light: float, folder: Path) -> tuple[list[float], list[float]]:
    """Return photos a second of each round: of the pipeline alone, and of the training step alone."""
    from distill.objective import distillation_loss, with_features
    from distill.recipe import DistillRecipe
    from distill.student import build_student
    from skin_data.batches import epoch_batches
    from skin_data.views import ViewRecipe
    from skin_training.recipe import Phase
    from skin_training.training import build_optimizer, training_step

    count = batch * STEPS
    training = noise_training_set(noise_photos(folder, count, size))

    def teacher_logits(rows: np.ndarray, views: np.ndarray) -> dict[str, np.ndarray]:
        return {
            "teacher_diagnosis": np.zeros((len(rows), CLASSES), np.float32),
            "teacher_lighting": np.zeros(len(rows), np.float32),
        }

    def epoch(number: int) -> Any:
        return epoch_batches(training, ViewRecipe(bad_light=bad_light), batch, 1, number, None, teacher_logits)

    phase = Phase("distill", "all", 1, 1e-3)
    student = build_student(CLASSES, size)
    step = training_step(
        student, distillation_loss(with_features(student), DistillRecipe((phase,))), build_optimizer(student, phase)
    )
    ready = list(epoch(0))
    pipeline, training_rate = [], []
    for number in range(ROUNDS + 1):
        rates = [_rate(iter(epoch(number)), lambda item: item, batch), _rate(iter(ready), step, batch)]
        if number:  # the first round builds graphs
            pipeline.append(rates[0])
            training_rate.append(rates[1])
    return pipeline, training_rate


def _rate(batches: Iterator[Any], use: Any, batch: int) -> float:
    use(next(batches))
    begun, count = time.perf_counter(), 0
    for item in batches:
        use(item)
        count += batch
    return count / (time.perf_counter() - begun)


def main() -> None:
    """Print both rates and their ratio, round by round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--bad-light", type=float, default=0.25)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pipeline, training = measure(options.size, options.batch, options.bad_light, Path(folder))
    ratios = [a / b for a, b in zip(pipeline, training, strict=True)]
    told = f"{min(ratios):.2f} to {max(ratios):.2f}, {ROUNDS} rounds"
    print(f"pipeline alone      {statistics.median(pipeline):7.0f} photos/s")
    print(f"training step alone {statistics.median(training):7.0f} photos/s")
    print(f"ratio               {statistics.median(ratios):7.2f} ({told})")


if __name__ == "__main__":
    run_script(main)
