"""`skin-distill distill`: train a small student from a teacher."""

from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, heads_text, not_fitted_text, output_options, percent

EPILOG = """\b
Example:
  skin-distill distill --config demo --data data/phantoms/meta.csv --teacher phantom-teacher --run phantom-student

After a kill or stop, the same command resumes after the last whole epoch.
"""


@click.command("distill", cls=ResumableCommand, epilog=EPILOG)
@click.option("--config", required=True, help="Recipe: a YAML file, or the name of a shipped one.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The teacher's meta.csv.")
@click.option("--teacher", "teacher_name", required=True, help="Name of the teacher's run.")
@click.option("--run", "run_name", required=True, help="Name of the student's run.")
@click.option("--weights", help="imagenet, none or a file; overrides the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Overrides the recipe's.")
@output_options
def command(
    config: str, data: Path, teacher_name: str, run_name: str, weights: str | None, seed: int | None, terminal: Terminal
) -> None:
    """Distil a teacher into a small student."""
    load_tensorflow()
    with needs_extra("train"):
        from convert.recipe import read_section
        from distill.recipe import DistillRecipe
        from distill.train import distill_student
        from skin_data.manifest import read_manifest
        from skin_distill.recipes import recipe_path, with_given
        from skin_training.recipe import read_recipe
        from skin_training.run_folder import RunFolder

    recipe, whole = read_recipe(recipe_path(config), "distill", DistillRecipe)
    recipe = with_given(recipe, weights=weights or None, seed=seed)
    read_section(whole.get("convert") or {}, f"{config}: convert")  # raises before hours of training
    teacher, run = RunFolder(teacher_name), RunFolder(run_name)
    report = distill_student(recipe, read_manifest(data), teacher, run, whole.get("convert"), terminal.progress)
    test, baseline, gain = report["test"], report["without_teacher"], ""
    if baseline:
        gain = (
            f"Label-only baseline: {percent(baseline['test']['diagnosis']['accuracy'])}. Distillation gain in balanced "
            f"accuracy: {percent(baseline['gain']['balanced_accuracy'])}, {baseline['gain']['verdict']}.\n"
        )
    note = (" Synthetic data." if test["synthetic"] else "") + not_fitted_text(test)
    terminal.result(
        report,
        f"Student '{run_name}' on {test['n']} test photos: {heads_text(test)}; teacher: "
        f"{heads_text(report['teacher_test'])}.{note}\n"
        f"{gain}Next: skin-distill convert --run {run_name} --data {data}",
    )
