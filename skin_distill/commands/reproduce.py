"""`skin-distill reproduce`: repeat a run from its own recipe and compare the figures."""

import dataclasses
from pathlib import Path
from typing import Any

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed, UnusableInput

EPILOG = """\b
Example:
  skin-distill reproduce kaggle-quick-teacher --data data/kaggle/meta.csv

A student's run is repeated on its own teacher where that is still here, else on a repeated one, and so are the files
that were verified. Another processor may measure the light of a photo otherwise in a last digit: a meta.csv with the
same splits will do. Exit code 1: a figure is further away than --within.
"""


@click.command("reproduce", cls=ResumableCommand, epilog=EPILOG)
@click.argument("run_name", metavar="RUN")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The run's meta.csv.")
@click.option("--as", "again_name", help="Name of the repetition. Default: RUN-again.")
@click.option("--within", default=0.03, show_default=True, help="Largest difference of a share of all test photos.")
@click.option("--weights", help="Where the run's weights file is on this machine.")
@click.option("--teacher-weights", help="The same for a teacher that has to be repeated first.")
@click.option(
    "--other-table",
    is_flag=True,
    help="Take a meta.csv that may have other splits; a student's teacher is then repeated on it as well.",
)
@output_options
def command(
    run_name: str,
    data: Path,
    again_name: str | None,
    within: float,
    weights: str | None,
    teacher_weights: str | None,
    other_table: bool,
    terminal: Terminal,
) -> None:
    """Repeat a run and compare its figures.

    Everything comes from the run's own config.yaml; the run itself is left as it is.
    """
    load_tensorflow()
    with needs_extra("train"):
        from benchmarks.reproduction import compare_reports
        from skin_data.manifest import read_manifest
        from skin_training.run_folder import RunFolder
        from triage.atomic import write_json

    run = RunFolder(run_name)
    again = RunFolder(again_name or f"{run_name}-again")
    was, config, manifest = run.read_report(), run.read_config(), read_manifest(data)
    _check(run, again, config)
    table = _table(run, config, manifest, other_table)
    if table != "equal":
        terminal.line(f"reproduce: '{run.name}' was made with another meta.csv; this one's splits: {table}")
    if "teacher" in config:
        _repeat_teacher(config, manifest, again, weights, terminal)
    if "distill" in config:
        teacher = _teacher_of(run, was, config, manifest, teacher_weights, terminal)
        _repeat_student(was, config, manifest, teacher, again, weights, terminal)
    compared, passed = compare_reports(was, again.read_report(), within)
    result = {"run": run.name, "again": again.name, "within": within, "passed": passed, "table": table,
              "figures": [c.to_json() for c in compared]}  # fmt: skip
    write_json(again.experiment / "reproduction.json", result)
    terminal.table(
        f"{run.name} and {again.name}",
        ("model", "figure", "was", "again", "outcome"),
        [(c.model, c.figure, _shown(c.was), _shown(c.again), c.outcome) for c in compared],
        caption=f"within: at most {within} apart; one skin tone by the root of all photos over its own more.",
    )
    terminal.result(result, f"Written: {again.experiment / 'reproduction.json'}")
    if not passed:
        raise CheckFailed(
            f"Run '{run.name}' did not come out again: the table above says where. Compare environment.json of both."
        )


def _check(run: Any, again: Any, config: dict[str, Any]) -> None:
    if again.name == run.name:
        raise UnusableInput(f"The repetition needs a name of its own. Received: --as {again.name}.")
    if "teacher" not in config and "distill" not in config:
        raise UnusableInput(f"The recipe of run '{run.name}' has neither a teacher nor a student: {run.config_path}.")


def _table(run: Any, config: dict[str, Any], manifest: Any, other_table: bool) -> str:
    """How the meta.csv compares to the run's: `equal`, `same splits` or `other splits, or not known`."""
    wanted = config.get("data", {})
    if wanted.get("meta_sha256") == manifest.sha256:
        return "equal"
    if wanted.get("split_sha256") == manifest.split_sha256:
        return "same splits"
    if other_table:
        return "other splits, or not known"
    raise UnusableInput(
        f"Run '{run.name}' was made with another meta.csv. Received: {manifest.path} with SHA-256 "
        f"{manifest.sha256[:16]}..., the run's {str(wanted.get('meta_sha256'))[:16]}.... Prepare the data as the run "
        "did, take its table, or give --other-table: the same recipe on this one."
    )


def _repeat_teacher(config: dict[str, Any], manifest: Any, again: Any, weights: str | None, terminal: Terminal) -> None:
    from skin_training.recipe import TeacherRecipe, from_mapping
    from teacher.train import train_teacher

    recipe = from_mapping(TeacherRecipe, config["teacher"], "teacher")
    train_teacher(_with_weights(recipe, weights), manifest, again, terminal.progress)


def _repeat_student(
    was: dict[str, Any], config: dict[str, Any], manifest: Any, teacher: Any, again: Any, weights: str | None,
    terminal: Terminal,
) -> None:  # fmt: skip
    from convert.convert import convert
    from convert.verifying.verify import verify
    from distill.recipe import DistillRecipe
    from distill.train import distill_student
    from skin_training.recipe import from_mapping

    recipe = _with_weights(from_mapping(DistillRecipe, config["distill"], "distill"), weights)
    distill_student(recipe, manifest, teacher, again, config.get("convert"), terminal.progress)
    variants = [file["variant"] for file in was.get("verify", {}).get("files", ())]
    if variants:
        files = convert(again, manifest, variants, terminal.progress)
        verify(list(files.values()), again, manifest, progress=terminal.progress)


def _teacher_of(
    run: Any, was: dict[str, Any], config: dict[str, Any], manifest: Any, weights: str | None, terminal: Terminal
) -> Any:
    """The run of a student's teacher if its binary is still here, else one that repeats it."""
    from skin_training.run_folder import RunFolder
    from triage.atomic import sha256_of

    teacher = RunFolder(config["teacher_run"], run.root)
    file = teacher.artifacts / "teacher.keras"
    same_table = config["data"]["meta_sha256"] == manifest.sha256
    if same_table and file.is_file() and sha256_of(file) == was["distill"]["key"]["teacher_sha256"]:
        return teacher
    again = RunFolder(f"{teacher.name}-again", run.root)
    terminal.line(f"reproduce: the teacher of '{run.name}' is not here; '{again.name}' repeats it first")
    _repeat_teacher(teacher.read_config(), manifest, again, weights, terminal)
    return again


def _with_weights(recipe: Any, weights: str | None) -> Any:
    return dataclasses.replace(recipe, weights=weights) if weights else recipe


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
