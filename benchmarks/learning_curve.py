"""What more photographs are worth: one teacher recipe on growing parts of the training split, the same test photos.

    python -m benchmarks.learning_curve --data META.csv [--config FILE] [--weights FILE] [--shares 0.25,0.5,1]
        [--seed 42] [--out learning_curve]

Each part is drawn by group, stratified by class and skin tone, and is trained on for as many steps as the whole split:
a smaller part for more epochs. Validation and test photos are the same throughout. The runs stand under `--out`; a
stopped measurement goes on with the same command.
"""

import argparse
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.console import ProgressLines, run_script, with_interval
from skin_data.manifest import Manifest, read_manifest
from skin_data.splits import split_by_group
from skin_training.plotting import BLUE, GREY, ORANGE, saved_plot
from skin_training.recipe import TeacherRecipe, read_recipe, to_mapping
from skin_training.run_folder import RunFolder
from teacher.train import train_teacher
from triage.atomic import write_json

RECIPE = Path("configs/learning_curve.yaml")


def part_of_training(manifest: Manifest, share: float, seed: int) -> Manifest:
    """Keep a share of the training photos, whole groups, and every validation and test photo.

    Args:
        manifest: the data set.
        share: in (0, 1].
        seed: of the order in which groups are taken.
    """
    if share == 1:
        return manifest
    frame = manifest.frame
    training = frame[frame["split"] == "train"]
    parts = split_by_group(
        list(training["group"]),
        list(training["diagnosis"]),
        list(training["tone_bucket"]),
        seed,
        {"kept": share, "left": 1 - share},
    )
    left = training.index[[part == "left" for part in parts]]
    digest = hashlib.sha256(f"{manifest.sha256} {share} {seed}".encode()).hexdigest()
    return dataclasses.replace(manifest, frame=frame.drop(index=left).reset_index(drop=True), sha256=digest)


def for_as_many_steps(recipe: TeacherRecipe, fraction: float) -> TeacherRecipe:
    """Lengthen every phase so that training on a fraction of the photos takes as many steps as training on all."""
    phases = tuple(
        dataclasses.replace(p, epochs=max(1, round(p.epochs / fraction)), patience=round(p.patience / fraction))
        for p in recipe.phases
    )
    return dataclasses.replace(recipe, phases=phases)


def measure(recipe: TeacherRecipe, manifest: Manifest, shares: list[float], root: Path, progress: Any) -> list[Any]:
    """Train on each share and return its figures: photos, test figures with intervals, and the last phase's losses."""
    results = []
    for share in shares:
        part = part_of_training(manifest, share, recipe.seed)
        run = RunFolder(f"share-{round(100 * share)}", root)
        report = train_teacher(for_as_many_steps(recipe, share), part, run, progress)
        rows = pd.read_csv(run.experiment / "metrics.csv")
        rows = rows[rows["phase"] == recipe.phases[-1].name]
        diagnosis = report["test"]["diagnosis"]
        results.append(
            {
                "share": share,
                "photos": len(part.split("train")),
                "accuracy": diagnosis["accuracy"],
                "balanced_accuracy": diagnosis["balanced_accuracy"],
                "first_loss": float(rows["loss"].iloc[0]),
                "last_loss": float(rows["loss"].iloc[-1]),
                "best_validation": float(rows["val_balanced_accuracy"].max()),
            }
        )
    return results


def draw(path: Path, results: list[Any], title: str) -> None:
    """Draw test figures over training photos, with their 95 % intervals, as PNG."""
    photos = [result["photos"] for result in results]
    with saved_plot(path, title, (6.5, 4.2)) as axes:
        for name, color, label in (
            ("accuracy", BLUE, "accuracy"),
            ("balanced_accuracy", ORANGE, "balanced accuracy"),
        ):
            figures = [result[name] for result in results]
            values = [f["value"] for f in figures]
            axes.plot(photos, values, "o-", color=color, label=label)
            axes.fill_between(
                photos, [f["low"] for f in figures], [f["high"] for f in figures], color=color, alpha=0.15, linewidth=0
            )
        axes.set_xscale("log", base=2)
        axes.set_xticks(photos, [f"{count:,}" for count in photos])
        axes.set_xlabel("training photos (the same number of steps for each)")
        axes.set_ylabel("share, test split, with 95 % intervals", color=GREY)
        axes.legend(frameon=False)


def main() -> None:
    """Train, print the figures, and write them as JSON and PNG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=RECIPE, help="a recipe (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="meta.csv of `skin-distill prepare`")
    parser.add_argument("--weights", help="imagenet, none or a file; overrides the recipe's")
    parser.add_argument("--seed", type=int, help="overrides the recipe's")
    parser.add_argument("--out", type=Path, default=Path("learning_curve"), help="folder of the runs")
    parser.add_argument("--shares", default="0.25,0.5,1")
    options = parser.parse_args()
    given = {name: value for name in ("weights", "seed") if (value := getattr(options, name)) is not None}
    recipe = dataclasses.replace(read_recipe(options.config, "teacher", TeacherRecipe)[0], **given)
    shares = sorted(float(share) for share in options.shares.split(","))
    manifest = read_manifest(options.data)
    results = measure(recipe, manifest, shares, options.out, ProgressLines())
    write_json(options.out / "learning_curve.json", {"recipe": to_mapping(recipe), "results": results})
    draw(options.out / "learning_curve.png", results, f"{recipe.backbone}, {recipe.input_size} px")
    print(f"{'training photos':>15}  {'accuracy':22} {'balanced accuracy':22} {'validation':10}  loss, last phase")
    for result in results:
        accuracy, balanced = (with_interval(result[key]) for key in ("accuracy", "balanced_accuracy"))
        loss = f"{result['first_loss']:.2f} to {result['last_loss']:.2f}"
        print(f"{result['photos']:15}  {accuracy:22} {balanced:22} {result['best_validation']:<10.3f}  {loss}")


if __name__ == "__main__":
    run_script(main)
