"""What moves a distilled student: one recipe, and the same with one option changed at a time, of the same teacher.

    python -m benchmarks.student_options --data META.csv --teacher RUN [--config FILE] [--weights FILE]
        [--only NAME,NAME] [--seed 42] [--out student_options]

The recipe is the `distill` section of a file; every option has its seed and, but for `twice-the-epochs`, about as many
steps. An option is chosen by the validation figure; the test figures, with 95 % intervals by paired bootstrap over
groups, say what it was worth. The runs stand under `--out`; a stopped measurement goes on with the same command.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import ProgressLines, run_script, with_interval
from benchmarks.recipe_comparison import (
    add_names_argument,
    add_recipe_arguments,
    chosen_names,
    draw_gains,
    recipe_given,
    with_fewer_epochs_if_oversampled,
)
from distill.material import pixels_of_split
from distill.model_file import load_model
from distill.recipe import DistillRecipe
from distill.train import distill_student
from distill.worth import paired_gain
from skin_data.manifest import Manifest, read_manifest
from skin_data.progress import Progress
from skin_training.predict import predict
from skin_training.recipe import Phase, to_mapping
from skin_training.run_folder import RunFolder
from triage.atomic import write_json

RECIPE = Path("configs/student_options.yaml")
BASE = "base"
OVERSAMPLED = {"class_weights": "none", "weighted_answers": False, "most_repeats": 4}


def _with(**changes: Any) -> Callable[[DistillRecipe], DistillRecipe]:
    return lambda recipe: dataclasses.replace(recipe, **changes)


def _for_twice_as_long(recipe: DistillRecipe) -> DistillRecipe:
    phases = tuple(dataclasses.replace(phase, epochs=2 * phase.epochs) for phase in recipe.phases)
    return dataclasses.replace(recipe, phases=phases)


def _heads_first(recipe: DistillRecipe) -> DistillRecipe:
    """Oversample, leave mixup out, and train the heads alone before all layers at half the rate."""
    last = recipe.phases[-1]
    phases = (
        Phase("heads", "heads", 2, last.learning_rate),
        dataclasses.replace(last, epochs=last.epochs - 2, learning_rate=last.learning_rate / 2),
    )
    return dataclasses.replace(_with(**OVERSAMPLED, mixup=0.0)(recipe), phases=phases)


OPTIONS: dict[str, Callable[[DistillRecipe], DistillRecipe]] = {
    BASE: lambda recipe: recipe,
    "labels-alone": _with(hard_share=1.0),
    "answers-alone": _with(hard_share=0.0),
    "unweighted-answers": _with(weighted_answers=False),
    "unweighted": _with(class_weights="none"),
    "without-mixup": _with(mixup=0.0),
    "temperature-1": _with(temperature=1.0),
    "temperature-4": _with(temperature=4.0),
    "dkd": _with(loss="dkd", loss_weights=(1.0, 2.0)),
    "dist": _with(loss="dist", weighted_answers=False),
    "feature-matching": _with(feature_weight=1.0),
    "two-views": _with(view_count=2),
    "twice-the-epochs": _for_twice_as_long,
    "oversampling": _with(**OVERSAMPLED),
    "oversampling-labels-alone": _with(**OVERSAMPLED, hard_share=1.0),
    "oversampling-dist": _with(**OVERSAMPLED, loss="dist"),
    "oversampling-heads-first": _heads_first,
}
"""What is compared. `dist` cannot weigh classes: its neighbour is `unweighted-answers`, that of `oversampling-dist` is
`oversampling`, in place of class weights."""


def measure(
    recipe: DistillRecipe, manifest: Manifest, teacher: RunFolder, names: list[str], root: Path, progress: Progress
) -> dict[str, Any]:
    """Train the students and compare each with that of the recipe as it is.

    Args:
        recipe: the base.
        manifest: the data set.
        teacher: a finished teacher's run.
        names: out of `OPTIONS`; the base is trained in any case.
        root: of the runs.
        progress: called as `progress(stage, done, total)`.

    Returns:
        By option: `validation`, the best balanced accuracy of an epoch; `accuracy`, `balanced_accuracy` and
        `lighting_auc` of the test split, with intervals; `per_tone`, accuracies; and but for the base `gain`, what the
        option adds to it (`paired_gain`).
    """
    frame, pixels = pixels_of_split(manifest, "test", recipe, root, progress)
    found: dict[str, Any] = {}
    of_base = np.empty(0)
    for name in dict.fromkeys([BASE, *names]):
        run = RunFolder(f"{name}-{recipe.seed}", root)
        option = dataclasses.replace(OPTIONS[name](recipe), without_teacher=False)
        option = with_fewer_epochs_if_oversampled(option, manifest)
        report = distill_student(option, manifest, teacher, run, progress=progress)
        answers = predict(load_model(run.artifacts / "student.keras"), pixels, progress=progress, stage=name)[0]
        test = report["test"]
        found[name] = {
            "validation": max(epoch["val_balanced_accuracy"] for epoch in report["best_epochs"]),
            **{key: test["diagnosis"][key] for key in ("accuracy", "balanced_accuracy")},
            "lighting_auc": test["lighting"]["auc"],
            "per_tone": {tone: part["diagnosis"]["accuracy"] for tone, part in test["per_tone"].items()},
        }
        if name == BASE:
            of_base = answers
        else:
            found[name]["gain"] = paired_gain(manifest, frame, answers, of_base)
    return found


def draw(path: Path, recipe: DistillRecipe, found: dict[str, Any]) -> None:
    """Draw what each option adds to the recipe, in accuracy and balanced accuracy, as PNG."""
    names = [name for name in found if name != BASE]
    gains = {
        key.replace("_", " "): [found[name]["gain"][key] for name in names] for key in ("accuracy", "balanced_accuracy")
    }
    draw_gains(path, recipe, names, gains, "what the option adds to the recipe")


def main() -> None:
    """Train, print the figures, and write them as JSON and PNG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_recipe_arguments(parser, RECIPE, Path("student_options"))
    parser.add_argument("--teacher", required=True, help="run of a finished teacher, in this folder")
    add_names_argument(parser, OPTIONS)
    options = parser.parse_args()
    names, recipe = chosen_names(options, OPTIONS, "option"), recipe_given(options, "distill", DistillRecipe)
    teacher, manifest = RunFolder(options.teacher), read_manifest(options.data)
    found = measure(recipe, manifest, teacher, names, options.out, ProgressLines())
    write_json(options.out / f"options-{recipe.seed}.json", {"recipe": to_mapping(recipe), "options": found})
    draw(options.out / f"options-{recipe.seed}.png", recipe, found)
    print(f"{'':18} validation  {'accuracy':22} {'balanced accuracy':22} adds to the recipe, balanced")
    for name, figures in found.items():
        accuracy, balanced = (with_interval(figures[key]) for key in ("accuracy", "balanced_accuracy"))
        gain = with_interval(figures["gain"]["balanced_accuracy"]) if "gain" in figures else ""
        print(f"{name:18} {figures['validation']:<10.3f}  {accuracy:22} {balanced:22} {gain}")


if __name__ == "__main__":
    run_script(main)
