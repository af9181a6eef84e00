"""Training the heads on features computed once, against training them through the frozen backbone, in one run.

    python -m benchmarks.phase_a [--backbone mobilenetv3small] [--size 224] [--photos 256] [--views 2] [--epochs 6]

Both start from the same weights and see the same views in the same order; the losses they print must agree. The pixels
are noise and the backbone is untrained: neither changes what a step costs.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from benchmarks.noise_photos import CLASSES, noise_training_set

BATCH = 32


def run(backbone: str, size: int, photos: int, views: int, epochs: int, folder: Path) -> list[tuple[str, float, float]]:
    """Return (way, seconds, last epoch's loss) of both ways, the time for features counted in."""
    import tf_keras as keras

    from skin_data.batches import epoch_batches, steps_per_epoch
    from skin_training.head_features import HeadFeatures
    from skin_training.losses import supervised_loss
    from skin_training.recipe import Phase, TeacherRecipe
    from skin_training.training import Trainer
    from teacher.model import build_teacher, set_trainable

    phase = Phase("A heads", "heads", epochs, 1e-3, fixed_views=views)
    recipe = TeacherRecipe((phase,), backbone, "none", size, batch_size=BATCH)
    generator = np.random.default_rng(0)
    training = noise_training_set(generator.integers(0, 256, (photos, size, size, 3), np.uint8))

    def train(cached: bool) -> tuple[float, float]:
        keras.utils.set_random_seed(1)
        model = build_teacher(recipe, CLASSES)
        features: HeadFeatures | None = None
        begun = time.perf_counter()

        def select(_: Phase) -> None:
            nonlocal features
            set_trainable(model, "heads")
            if cached:
                nothing = training.pixels[:1]
                features = HeadFeatures(model, training, recipe.views, recipe.seed, views, nothing, folder / "features")

        def batches(_: int, epoch: int) -> Any:
            if features is not None:
                return features.batches(BATCH, epoch)
            return epoch_batches(training, recipe.views, BATCH, recipe.seed, epoch, views)

        trainer = Trainer(
            model=model,
            phases=[phase],
            batches=batches,
            steps=steps_per_epoch(training, BATCH),
            loss=supervised_loss(model, recipe.lighting_weight),
            select=select,
            validate=lambda: {"balanced_accuracy": 0.0},
            checkpoint=folder / f"{cached}.npz",
            key="benchmark",
            stage="benchmark",
        )
        loss = trainer.run()[-1]["loss"]
        return time.perf_counter() - begun, loss

    train(True)  # builds graphs, and its files are thrown away
    for file in (*folder.rglob("*.npy"), *folder.glob("*.npz")):
        file.unlink()
    return [(way, *train(cached)) for way, cached in (("through the backbone", False), ("on cached features", True))]


def main() -> None:
    """Print seconds, losses and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="mobilenetv3small")
    for name, default in (("size", 224), ("photos", 256), ("views", 2), ("epochs", 6)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results = run(options.backbone, options.size, options.photos, options.views, options.epochs, Path(folder))
    for way, seconds, loss in results:
        print(f"{way:22} {seconds:7.1f} s, last loss {loss:.6f}")
    print(f"{'ratio':22} {results[0][1] / results[1][1]:7.2f}")


if __name__ == "__main__":
    run_script(main)
