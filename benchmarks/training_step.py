r"""Photos a second of a student's training step, beside the plain Keras model on tensors of the same size.

    python -m benchmarks.training_step --sizes 96,128,224

All take steps in turn, so that whatever else the machine does slows all down. "with views" is the whole loop: pixels
are drawn, turned into views with mixup and trained on. "without colour" leaves the colour matrix as it is: its gradient
goes through the first convolution to all pixels, which the plain model's does not. The plain model is
`keras.applications.MobileNetV3Small` with one dense layer, Adam and random tensors.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
import tf_keras as keras

from benchmarks.console import run_script
from distill.objective import distillation_loss, with_features
from distill.recipe import DistillRecipe
from distill.student import build_student
from skin_data.batches import TrainingSet, epoch_batches
from skin_training.color_calibration import CCM_LAYER_NAME
from skin_training.optimization import build_optimizer, training_step
from skin_training.recipe import Phase
from triage.lighting import FEATURE_NAMES

CLASSES = 10
Step = Callable[[], Any]


def plain_step(side: int, batch_size: int) -> Step:
    """Return a step of the plain model on a fixed random batch."""
    random = np.random.default_rng(0)
    images = tf.constant(random.random((batch_size, side, side, 3)), tf.float32)
    labels = tf.one_hot(random.integers(0, CLASSES, batch_size), CLASSES)
    base = keras.applications.MobileNetV3Small((side, side, 3), include_top=False, weights=None, pooling="avg")
    model = keras.Model(base.input, keras.layers.Dense(CLASSES)(base.output))
    optimizer = keras.optimizers.Adam()

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, model(images, training=True)))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return loss

    return lambda: float(step())


def student_steps(side: int, batch_size: int) -> dict[str, Step]:
    """Return a student's step on a fixed batch, one that also draws the batch, and one that keeps the colour matrix."""
    random, count = np.random.default_rng(0), 8 * batch_size
    ones = np.ones(count, np.float32)
    training = TrainingSet(
        random.integers(0, 256, (count, side, side, 3), np.uint8),
        np.eye(CLASSES, dtype=np.float32)[np.arange(count) % CLASSES],
        ones, ones, ones, np.zeros((count, len(FEATURE_NAMES)), np.float32), ones, np.arange(count),
        np.ones(count, np.int64),
    )  # fmt: skip
    phase = Phase("distill", "all", 1, 1e-3, weight_decay=0.02, weight_average=0.995)
    recipe = DistillRecipe((phase,), input_size=side, batch_size=batch_size, temperature=1.0, mixup=0.2)
    updates = []
    for trains_color in (True, False):
        student = build_student(CLASSES, side)
        student.get_layer(CCM_LAYER_NAME).trainable = trains_color
        loss = distillation_loss(with_features(student), recipe)
        updates.append(training_step(student, loss, build_optimizer(student, phase)))
    update, without_color = updates

    def answers(rows: np.ndarray, views: np.ndarray) -> dict[str, np.ndarray]:
        return {"teacher_diagnosis": training.diagnosis[rows], "teacher_lighting": ones[rows]}

    def batches() -> Iterator[Any]:
        epoch = 0
        while True:
            yield from epoch_batches(training, recipe.views, batch_size, 0, epoch, 8, answers, recipe.mixup)
            epoch += 1

    endless = batches()
    fixed = next(endless)
    return {
        "student": lambda: float(update(fixed)),
        "student with views": lambda: float(update(next(endless))),
        "student without colour": lambda: float(without_color(fixed)),
    }


def measure(side: int, batch_size: int, rounds: int, steps: int) -> dict[str, float]:
    """Return photos a second by name, the median over rounds in which each takes its steps in turn."""
    of_name = {"plain Keras": plain_step(side, batch_size), **student_steps(side, batch_size)}
    for step in of_name.values():
        step(), step()
    rates: dict[str, list[float]] = {name: [] for name in of_name}
    for _ in range(rounds):
        for name, step in of_name.items():
            begun = time.perf_counter()
            for _ in range(steps):
                step()
            rates[name].append(steps * batch_size / (time.perf_counter() - begun))
    return {name: statistics.median(values) for name, values in rates.items()}


def main() -> None:
    """Print photos a second and their ratio to the plain model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="96,128,224", help="input sides (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=32, help="photos in a batch (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=5, help="steps of each in a round (default: %(default)s)")
    options = parser.parse_args()
    for side in map(int, options.sizes.split(",")):
        rates = measure(side, options.batch, options.rounds, options.steps)
        shown = (f"{name} {rate:.0f} ({rate / rates['plain Keras']:.2f})" for name, rate in rates.items())
        print(f"{side} px, batch {options.batch}, photos/s (ratio): {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    run_script(main)
