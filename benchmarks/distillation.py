"""Distilling from stored answers against the teacher in the loop, and against plain training, in one run.

    python -m benchmarks.distillation [--teacher resnet152v2] [--size 224] [--photos 96] [--rounds 3] [--json FILE]

Three ways of training the same student from the same weights on the same views in the same order: on answers that were
stored before, with the teacher answering every batch in Keras, and on the labels alone. The first two must end with the
same losses. The pixels are noise and the networks untrained: neither changes what a step costs. Time that the store
takes, once, is given apart. Ratios are also given in processor time, which a busy machine hardly moves.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from benchmarks.noise_photos import CLASSES, noise_training_set

BATCH = 16
WAYS = ("stored answers", "teacher in the loop", "labels alone")


def measure(backbone: str, size: int, photos: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Return seconds an epoch and the losses of each way, seconds of the store, and ratios round by round."""
    import tf_keras as keras

    from distill.answers import store_answers
    from distill.objective import distillation_loss, with_features
    from distill.recipe import DistillRecipe
    from distill.student import build_student
    from distill.teacher_forward import teacher_forward
    from skin_data.batches import epoch_batches
    from skin_training.dropout import reseed_dropout
    from skin_training.recipe import Phase, TeacherRecipe
    from skin_training.training import build_optimizer, training_step
    from teacher.model import build_teacher

    keras.utils.set_random_seed(0)
    teacher = build_teacher(TeacherRecipe((), backbone, "none", size), CLASSES)
    generator = np.random.default_rng(0)
    training = noise_training_set(generator.integers(0, 256, (photos, size, size, 3), np.uint8))
    phase = Phase("distill", "all", 1, 1e-3)
    recipe = DistillRecipe((phase,), weights="none", input_size=size, batch_size=BATCH, view_count=1)
    in_keras, begun = teacher_forward(teacher, way="keras").run, time.perf_counter()
    forward = teacher_forward(teacher)
    answers = store_answers(forward, training, recipe.views, 0, 1, folder, {"benchmark": 1})
    store_seconds = time.perf_counter() - begun

    def answered(batches: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        for batch in batches:
            found = in_keras(batch["image"])
            yield {**batch, "teacher_diagnosis": found["diagnosis"], "teacher_lighting": found["lighting"]}

    steps = {}
    for way in WAYS:
        keras.utils.set_random_seed(1)
        student = build_student(CLASSES, size)
        own = DistillRecipe((phase,), hard_share=1.0) if way == "labels alone" else recipe
        steps[way] = (
            student,
            training_step(student, distillation_loss(with_features(student), own), build_optimizer(student, phase)),
        )

    def epoch(way: str, number: int) -> tuple[float, float, float]:
        student, step = steps[way]
        reseed_dropout(student, 0, number)
        stored = answers.of if way == "stored answers" else None
        batches = epoch_batches(training, recipe.views, BATCH, 0, number, 1, stored, view_seed=0)
        begun, work_before = time.perf_counter(), time.process_time()
        losses = [float(step(batch)) for batch in (answered(batches) if way == "teacher in the loop" else batches)]
        return time.perf_counter() - begun, time.process_time() - work_before, float(np.mean(losses))

    for way in WAYS:
        epoch(way, 0)  # traces the graphs
    found: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS:
            found[way].append(epoch(way, 1 + number))
    seconds, work = ({way: [r[n] for r in results] for way, results in found.items()} for n in (0, 1))

    def ratio(spent: dict[str, list[float]], one: str, other: str) -> dict[str, float]:
        ratios = [a / b for a, b in zip(spent[one], spent[other], strict=True)]
        return {"median": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios)}

    return {
        "teacher": backbone,
        "photos": photos,
        "size": size,
        "rounds": rounds,
        "store_seconds": store_seconds,
        "store_by": forward.way,
        "seconds": {way: statistics.median(values) for way, values in seconds.items()},
        "losses": {way: [loss for *_, loss in results] for way, results in found.items()},
        "loop_to_stored": ratio(seconds, "teacher in the loop", "stored answers"),
        "stored_to_labels": ratio(seconds, "stored answers", "labels alone"),
        "loop_to_stored_work": ratio(work, "teacher in the loop", "stored answers"),
        "stored_to_labels_work": ratio(work, "stored answers", "labels alone"),
    }


def main() -> None:
    """Print seconds, losses and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", default="resnet152v2")
    for name, default in (("size", 224), ("photos", 96), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(options.teacher, options.size, options.photos, options.rounds, Path(folder))
    for way in WAYS:
        losses = ", ".join(f"{loss:.5f}" for loss in found["losses"][way])
        print(f"{way:20} {found['seconds'][way]:7.2f} s an epoch; losses {losses}")
    print(f"{'the store, once':20} {found['store_seconds']:7.2f} s, by {found['store_by']}, conversion included")
    for name, text in (("loop_to_stored", "loop to stored"), ("stored_to_labels", "stored to labels")):
        for key, what in ((name, "time"), (f"{name}_work", "processor time")):
            ratio = found[key]
            print(f"{text:20} {ratio['median']:7.2f} ({ratio['lowest']:.2f} to {ratio['highest']:.2f}) in {what}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
