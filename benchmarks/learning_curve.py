"""Learning curve: one teacher recipe on growing fractions of the training split, tested on the same photos.

    python -m benchmarks.learning_curve --data META.csv [--config FILE] [--weights FILE] [--shares 0.25,0.5,1]
        [--seed 42] [--out learning_curve]

Each fraction is drawn by group, stratified by class and skin tone, and trained for as many steps as the whole split.
Validation and test photos stay the same. The runs are written below `--out`; the same command resumes a stopped one.
"""

import argparse
import dataclasses
import hashlib
import logging
from pathlib import Path
from typing import Any

from benchmarks.console import run_script, with_interval
from skin_data.manifest import Manifest, read_manifest
from skin_data.splits import split_by_group
from skin_training.plotting import BESIDE, BLUE, GREY, ORANGE, saved_plot
from skin_training.recipe import TeacherRecipe, read_recipe, to_mapping
from skin_training.run_folder import RunFolder
from teacher.train import train_teacher
from triage.atomic import write_json

RECIPE = Path("configs/learning_curve.yaml")


def part_of_training(manifest: Manifest, fraction: float, seed: int) -> Manifest:
    """Keep a fraction, in (0, 1], of the training photos, in whole groups, and every validation and test photo."""
    if fraction == 1:
        return manifest
    frame = manifest.frame
    training = frame[frame["split"] == "train"]
    parts = split_by_group(
        list(training["group"]),
        list(training["diagnosis"]),
        list(training["tone_bucket"]),
        seed,
        {"kept": fraction, "left": 1 - fraction},
    )
    left = training.index[[part == "left" for part in parts]]
    digest = hashlib.sha256(f"{manifest.sha256} {fraction} {seed}".encode()).hexdigest()
    return dataclasses.replace(manifest, frame=frame.drop(index=left).reset_index(drop=True), sha256=digest)


def for_as_many_steps(recipe: TeacherRecipe, fraction: float) -> TeacherRecipe:
    """Lengthen every phase so that training on a fraction of the photos takes as many steps as training on all."""
    phases = tuple(
        dataclasses.replace(p, epochs=max(1, round(p.epochs / fraction)), patience=round(p.patience / fraction))
        for p in recipe.phases
    )
    return dataclasses.replace(recipe, phases=phases)


def measure(recipe: TeacherRecipe, manifest: Manifest, fractions: list[float], root: Path) -> list[dict[str, Any]]:
    """Train on each fraction; return its photos, test metrics with intervals, and the losses of the last phase."""
    results = []
    for fraction in fractions:
        part = part_of_training(manifest, fraction, recipe.seed)
        run = RunFolder(f"share-{round(100 * fraction)}", root)
        report = train_teacher(for_as_many_steps(recipe, fraction), part, run)
        rows = [row for row in run.read_metrics() if row["phase"] == recipe.phases[-1].name]
        diagnosis = report["test"]["diagnosis"]
        results.append(
            {
                "share": fraction,
                "photos": len(part.split("train")),
                "accuracy": diagnosis["accuracy"],
                "balanced_accuracy": diagnosis["balanced_accuracy"],
                "first_loss": rows[0]["loss"],
                "last_loss": rows[-1]["loss"],
                "best_validation": max(row["val_balanced_accuracy"] for row in rows),
            }
        )
    return results


def draw(path: Path, results: list[dict[str, Any]], title: str) -> None:
    """Draw test metrics by number of training photos, with their 95 % intervals, as PNG."""
    photos = [result["photos"] for result in results]
    with saved_plot(path, title, (8, 4.2)) as axes:
        for name, color in (("accuracy", BLUE), ("balanced_accuracy", ORANGE)):
            value, low, high = ([result[name][end] for result in results] for end in ("value", "low", "high"))
            axes.plot(photos, value, "o-", color=color, label=name.replace("_", " "))
            axes.fill_between(photos, low, high, color=color, alpha=0.15, linewidth=0)
        axes.set_xscale("log", base=2)
        axes.set_xticks(photos, [f"{count:,}" for count in photos])
        axes.set_xlabel("training photos (same number of steps each)")
        axes.set_ylabel("test split, 95 % intervals", color=GREY)
        axes.legend(**BESIDE)


def main() -> None:
    """Measure a learning curve: train, print the metrics, write them as JSON and PNG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=RECIPE, help="a recipe (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="meta.csv of `skin-distill prepare`")
    parser.add_argument("--weights", help="imagenet, none or a file; overrides the recipe's")
    parser.add_argument("--seed", type=int, help="overrides the recipe's")
    parser.add_argument("--out", type=Path, default=Path("learning_curve"), help="folder of the runs")
    parser.add_argument("--shares", default="0.25,0.5,1", help="fractions of the training photos")
    options = parser.parse_args()
    given = {name: value for name in ("weights", "seed") if (value := getattr(options, name)) is not None}
    recipe = dataclasses.replace(read_recipe(options.config, "teacher", TeacherRecipe)[0], **given)
    fractions = sorted(float(part) for part in options.shares.split(","))
    manifest = read_manifest(options.data)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("skin_distill").setLevel(logging.INFO)  # one line an epoch
    results = measure(recipe, manifest, fractions, options.out)
    write_json(options.out / "learning_curve.json", {"recipe": to_mapping(recipe), "results": results})
    draw(options.out / "learning_curve.png", results, f"{recipe.backbone}, {recipe.input_size} px")
    print(f"{'training photos':>15}  {'accuracy':22} {'balanced accuracy':22} {'validation':10}  loss, last phase")
    for result in results:
        accuracy, balanced = (with_interval(result[key]) for key in ("accuracy", "balanced_accuracy"))
        loss = f"{result['first_loss']:.2f} to {result['last_loss']:.2f}"
        print(f"{result['photos']:15}  {accuracy:22} {balanced:22} {result['best_validation']:<10.3f}  {loss}")


if __name__ == "__main__":
    run_script(main)
