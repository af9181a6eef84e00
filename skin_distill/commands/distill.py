"""`skin-distill distill`: train a small student from a teacher."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skin_distill.outside_sets import also_option, show_outside
from skin_distill.requirements import needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.strategy_option import open_strategy, strategy_option
from skin_distill.terminal import Terminal, heads_text, not_fitted_text, output_options, percent

if TYPE_CHECKING:
    from distill.recipe import DistillRecipe
    from skin_data.manifest import Manifest

EPILOG = """\b
Examples:
  skin-distill distill --config demo --data data/phantoms/meta.csv --teacher phantom-teacher --run phantom-student
  skin-distill distill --config demo --data data/phantoms/meta.csv --teacher a.onnx --teacher b.tflite --run student
  skin-distill distill --config demo --data data/phantoms/meta.csv --export-views views

A teacher is a run, an .onnx, .tflite or .keras file, a Python function module:function (your own code, which runs with
your rights), or an .npz table of predictions for exported views. All but a run need a YAML file of the same name beside
them: docs/any_teacher.md. Several are averaged. After a kill or stop, the same command resumes after the last whole
epoch.
"""


@click.command("distill", cls=ResumableCommand, epilog=EPILOG)
@click.option("--config", required=True, help="Recipe: a YAML file, or the name of a shipped one.")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The teacher's meta.csv.")
@click.option("--teacher", "targets", multiple=True, help="A run, model file, table or module:function. Repeatable.")
@click.option("--run", "run_name", help="Name of the student's run.")
@click.option("--weights", help="imagenet, none or a file; overrides the recipe's.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Overrides the recipe's.")
@click.option(
    "--export-views",
    "views",
    type=click.Path(path_type=Path, file_okay=False),
    help="Train nothing; write the student's pixels and a script that predicts them elsewhere to this folder.",
)
@click.option(
    "--unlabelled",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of photos without a diagnosis: the student learns the teacher's predictions for them. Repeatable.",
)
@strategy_option
@also_option
@output_options
def command(
    config: str, data: Path, targets: tuple[str, ...], run_name: str | None, weights: str | None, seed: int | None,
    views: Path | None, unlabelled: tuple[Path, ...], strategy: str, also: tuple[Path, ...],
    terminal: Terminal
) -> None:  # fmt: skip
    """Distil one or several teachers into a small student."""
    if views is None and not (targets and run_name):
        raise click.UsageError("Give --teacher and --run, or --export-views.")
    devices = open_strategy(strategy, "distill", terminal)
    with needs_extra("train"):
        from convert.recipe import read_section
        from distill.recipe import DistillRecipe
        from distill.teachers import open_teacher
        from distill.train import distill_student
        from skin_data.manifest import read_manifest
        from skin_distill.recipes import recipe_path, with_given
        from skin_training.recipe import read_recipe
        from skin_training.run_folder import RunFolder

    recipe, whole = read_recipe(recipe_path(config), "distill", DistillRecipe)
    recipe = with_given(recipe, weights=weights or None, seed=seed)
    read_section(whole.get("convert") or {}, f"{config}: convert")  # raises before hours of training
    manifest = read_manifest(data)
    if views is not None:
        _export(recipe, manifest, views, terminal)
        return
    assert run_name is not None
    run = RunFolder(run_name)
    teachers = [open_teacher(target, manifest.taxonomy.ids) for target in targets]
    report = distill_student(
        recipe, manifest, teachers, run, whole.get("convert"), terminal.progress, also, unlabelled, devices
    )
    show_outside(terminal, report.get("also", {}))
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
        f"{gain}{_teachers_text(report.get('teachers', []))}"
        f"Next: skin-distill convert --run {run_name} --data {data}",
    )


def _export(recipe: "DistillRecipe", manifest: "Manifest", folder: Path, terminal: Terminal) -> None:
    from distill.teachers.exported_views import export_views

    files = export_views(recipe, manifest, folder, progress=terminal.progress)
    terminal.result(
        {"files": [str(file) for file in files]},
        f"Written: {len(files)} files in {folder}. Next: fill in {folder / 'predict.py'} and run it, describe the "
        f"model in {folder / 'predictions.yaml'}, then give --teacher {folder / 'predictions.npz'}.",
    )


def _teachers_text(teachers: Any) -> str:
    """Say of each teacher what it lacked, how its pixels were resized, and what an average gained over it."""
    lines = []
    for teacher in teachers:
        parts = []
        if not teacher["lighting"]:
            parts.append("no lighting: learned from labels alone")
        if teacher["resized"]:
            parts.append("saw the student's {} px resized to {}".format(*teacher["resized"]))
        if left_out := teacher.get("left_out"):
            parts.append(f"left out {', '.join(left_out)}")
        if unknown := teacher.get("unknown"):
            parts.append(f"does not know {', '.join(unknown)}")
        if gain := teacher.get("gain_of_average"):
            parts.append(f"the average gains {percent(gain['balanced_accuracy'])} over it, {gain['verdict']}")
        if parts:
            lines.append(f"Teacher {teacher['name']}: {'; '.join(parts)}.\n")
    return "".join(lines)
