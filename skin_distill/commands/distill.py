"""`skin-distill distill`: a small student learns from a teacher."""

from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options, percent

EPILOG = """\b
Example:
  skin-distill distill --config demo --data data/phantoms/meta.csv --teacher phantom-teacher --run phantom-student

Killed or stopped, the same command goes on after the last whole epoch.
"""


@click.command("distill", cls=ResumableCommand, epilog=EPILOG)
@click.option("--config", required=True, help="Recipe: a YAML file, or the name of one that travels with the package.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The teacher's meta.csv.")
@click.option("--teacher", "teacher_name", required=True, help="Name of the teacher's run.")
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--weights", help="imagenet, none or a file; replaces the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Replaces the recipe's.")
@output_options
def command(
    config: str,
    data: Path,
    teacher_name: str,
    run_name: str,
    weights: str | None,
    seed: int | None,
    terminal: Terminal,
) -> None:
    """Distil a teacher into a MobileNetV3-Small student."""
    load_tensorflow()
    with needs_extra("train"):
        from convert.recipe import ConvertRecipe
        from distill.recipe import DistillRecipe
        from distill.train import distill_student
        from skin_data.manifest import read_manifest
        from skin_distill.recipes import recipe_path, with_given
        from skin_training.recipe import from_mapping, read_recipe
        from skin_training.run_folder import RunFolder

    recipe, whole = read_recipe(recipe_path(config), "distill", DistillRecipe)
    recipe = with_given(recipe, weights=weights or None, seed=seed)
    from_mapping(ConvertRecipe, whole.get("convert") or {}, f"{config}: convert")  # an error before the hours are spent
    report = distill_student(
        recipe,
        read_manifest(data),
        RunFolder(teacher_name),
        RunFolder(run_name),
        whole.get("convert"),
        terminal.progress,
    )
    test, teacher_test = report["test"], report["teacher_test"]
    alone = report["without_teacher"]
    worth = ""
    if alone:
        gain = alone["gain"]["balanced_accuracy"]
        worth = (
            f"Without its teacher {percent(alone['test']['diagnosis']['accuracy'])}; the teacher's worth in balanced "
            f"accuracy: {percent(gain)}: {alone['gain']['verdict']}.\n"
        )
    note = " Synthetic data." if test["synthetic"] else ""
    terminal.result(
        report,
        f"Student '{run_name}' on {test['n']} test photos: diagnosis accuracy "
        f"{percent(test['diagnosis']['accuracy'])}, lighting {percent(test['lighting']['accuracy'])}; the teacher "
        f"{percent(teacher_test['diagnosis']['accuracy'])} and {percent(teacher_test['lighting']['accuracy'])}.{note}\n"
        f"{worth}Next: skin-distill convert --run {run_name} --data {data}",
    )
