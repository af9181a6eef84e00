"""`skin-distill teacher`: train a teacher through its phases."""

import dataclasses
from pathlib import Path

import click

from skin_distill.outside_sets import also_option, show_outside
from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.strategy_option import open_strategy, strategy_option
from skin_distill.terminal import Terminal, heads_text, not_fitted_text, output_options

LONG = 6 * 3600.0
"""Seconds from which on a faster recipe is named."""
FASTER = ("patient", "kaggle_quick")
"""Shipped recipes for machines without a GPU, the stronger first."""
EPILOG = """\b
Example:
  skin-distill teacher --config demo --data data/phantoms/meta.csv --run phantom-teacher

After a kill or stop, the same command resumes after the last whole epoch.
"""


@click.command("teacher", cls=ResumableCommand, epilog=EPILOG)
@click.option("--config", default="resnet152v2_baseline", help="Recipe: a YAML file, or the name of a shipped one.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="meta.csv of `prepare`.")
@click.option("--run", "run_name", required=True, help="Name of the run's folders in experiments/ and artifacts/.")
@click.option("--weights", help="imagenet, none or a file; overrides the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Overrides the recipe's.")
@strategy_option
@click.option("--mixed-precision", is_flag=True, help="Compute the backbone in bfloat16, for GPUs since 2020.")
@also_option
@output_options
def command(
    config: str,
    data: Path,
    run_name: str,
    weights: str | None,
    seed: int | None,
    strategy: str,
    mixed_precision: bool,
    also: tuple[Path, ...],
    terminal: Terminal,
) -> None:
    """Train a teacher.

    It learns diagnosis and lighting quality with a learnable colour calibration, phase by phase.
    """
    devices = open_strategy(strategy, "teacher", terminal)
    with needs_extra("train"):
        from skin_data.manifest import read_manifest
        from skin_distill.recipes import recipe_path, with_given
        from skin_training.recipe import TeacherRecipe, read_recipe
        from skin_training.run_folder import RunFolder
        from teacher.train import train_teacher

    recipe, _ = read_recipe(recipe_path(config), "teacher", TeacherRecipe)
    recipe, run = with_given(recipe, weights=weights or None, seed=seed), RunFolder(run_name)
    manifest = read_manifest(data)

    def estimated(seconds: float, photos: int, validation: int) -> None:
        terminal.line(f"teacher: about {_hours(seconds)} in all on this machine, by the speed of its forward pass")
        if seconds > LONG:
            terminal.line(f"teacher: {_faster_recipes(config, photos, validation, len(manifest.taxonomy.ids))}")

    report = train_teacher(recipe, manifest, run, terminal.progress, devices, mixed_precision, also, estimated)
    show_outside(terminal, report.get("also", {}))
    test = report["test"]
    note = (" Synthetic data." if test["synthetic"] else "") + not_fitted_text(test)
    terminal.result(
        report,
        f"Teacher '{run_name}' on {test['n']} test photos: {heads_text(test)}.{note}\n"
        f"Next: skin-distill distill --config {config} --data {data} --teacher {run_name} --run NAME",
    )


def _faster_recipes(config: str, photos: int, validation: int, class_count: int) -> str:
    """Return how long other shipped recipes would take here; ImageNet weights make no difference to that."""
    from skin_distill.recipes import recipe_path
    from skin_training.recipe import TeacherRecipe, read_recipe
    from teacher.estimate import forward_passes, forward_seconds
    from teacher.model import build_teacher

    found = []
    for name in (name for name in FASTER if name != config):
        recipe = dataclasses.replace(read_recipe(recipe_path(name), "teacher", TeacherRecipe)[0], weights="none")
        rate = forward_seconds(build_teacher(recipe, class_count), recipe.batch_size)
        found.append(f"--config {name} about {_hours(rate * forward_passes(recipe, photos, validation))}")
    return f"without a GPU, {' and '.join(found)}"


def _hours(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"
