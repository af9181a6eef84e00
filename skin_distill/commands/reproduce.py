"""`skin-distill reproduce`: repeat a run from its own recipe and compare the metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skin_distill.recipes import with_given
from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.stopping import ResumableCommand
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed, UnusableInput

if TYPE_CHECKING:
    from distill.teachers.teacher import Teacher
    from skin_data.manifest import Manifest
    from skin_training.run_folder import RunFolder

EPILOG = """\b
Example:
  skin-distill reproduce kaggle-quick-teacher --data data/kaggle/meta.csv

A student is repeated with its own teachers; a single run that is no longer here is repeated first, any other teacher
must be where it was, unchanged. Files that were verified are converted and verified again. A meta.csv with the same
splits is enough: another processor may measure lighting differently in the last digit. Exit code 1: a metric differs by
more than --within.
"""


@click.command("reproduce", cls=ResumableCommand, epilog=EPILOG)
@click.argument("run_name", metavar="RUN")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The run's meta.csv.")
@click.option("--as", "again_name", help="Name of the repetition. Default: RUN-again.")
@click.option("--within", default=0.03, help="Largest accepted difference of a fraction.")
@click.option("--weights", help="Path of the run's pretrained weights on this machine.")
@click.option("--teacher-weights", help="The same for a teacher that has to be repeated first.")
@click.option(
    "--unlabelled",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the unlabelled photos that the run learned from. Repeatable.",
)
@click.option(
    "--other-table",
    is_flag=True,
    help="Accept a meta.csv with other splits; a student's teacher is then repeated on it as well.",
)
@output_options
def command(
    run_name: str,
    data: Path,
    again_name: str | None,
    within: float,
    weights: str | None,
    teacher_weights: str | None,
    unlabelled: tuple[Path, ...],
    other_table: bool,
    terminal: Terminal,
) -> None:
    """Repeat a run and compare its metrics.

    Uses the run's own config.yaml; the run itself is not changed.
    """
    load_tensorflow()
    with needs_extra("train"):
        from benchmarks.reproduction import compare_reports
        from convert.convert import convert
        from convert.verifying.verify import verify
        from distill.recipe import DistillRecipe
        from distill.train import distill_student
        from skin_data.manifest import read_manifest
        from skin_training.recipe import from_mapping
        from skin_training.run_folder import RunFolder
        from triage.atomic import write_json

    run = RunFolder(run_name)
    again = RunFolder(again_name or f"{run_name}-again")
    was, config, manifest = run.read_report(), run.read_config(), read_manifest(data)
    if again.name == run.name:
        raise UnusableInput(f"The repetition needs a name of its own. Received: --as {again.name}.")
    if "teacher" not in config and "distill" not in config:
        raise UnusableInput(f"The recipe of run '{run.name}' has neither a teacher nor a student: {run.config_path}.")
    table = _match_table(run, config, manifest, other_table)
    if table != "equal":
        terminal.line(f"reproduce: '{run.name}' was made with another meta.csv; this one: {table}")
    _check_unlabelled(run, was, unlabelled, manifest, terminal)
    if "teacher" in config:
        _repeat_teacher(run, manifest, again, weights, terminal)
    if "distill" in config:
        teachers = _find_teachers(run, was, config, manifest, teacher_weights, terminal)
        recipe = with_given(from_mapping(DistillRecipe, config["distill"], "distill"), weights=weights or None)
        section = config.get("convert")
        distill_student(recipe, manifest, teachers, again, section, terminal.progress, unlabelled=unlabelled)
        if variants := [file["variant"] for file in was.get("verify", {}).get("files", ())]:
            files = convert(again, manifest, variants, terminal.progress)
            verify(list(files.values()), again, manifest, progress=terminal.progress)
    compared, passed = compare_reports(was, again.read_report(), within)
    result = {"run": run.name, "again": again.name, "within": within, "passed": passed, "table": table,
              "figures": [c._asdict() for c in compared]}  # fmt: skip
    write_json(again.experiment / "reproduction.json", result)
    terminal.table(
        f"{run.name} and {again.name}",
        ("model", "metric", "was", "again", "outcome"),
        [
            (c.model, c.metric, *("" if v is None else f"{v:.4f}" for v in (c.was, c.again)), c.outcome)
            for c in compared
        ],
        caption=f"within: differs by at most {within}; accuracy of one skin tone by more, as it has fewer photos.",
    )
    terminal.result(result, f"Written: {again.experiment / 'reproduction.json'}")
    if not passed:
        raise CheckFailed(
            f"Run '{run.name}' was not reproduced: see the table. Compare the environment.json of both runs."
        )


def _match_table(run: RunFolder, config: Mapping[str, Any], manifest: Manifest, other_table: bool) -> str:
    """Compare the meta.csv with the run's: `equal`, `same splits` or `other splits, or not known`."""
    recorded = config.get("data", {})
    if recorded.get("meta_sha256") == manifest.sha256:
        return "equal"
    if recorded.get("split_sha256") == manifest.split_sha256:
        return "same splits"
    if other_table:
        return "other splits, or not known"
    raise UnusableInput(
        f"Run '{run.name}' was made with another meta.csv. Received: {manifest.path} with SHA-256 "
        f"{manifest.sha256[:16]}..., the run's {str(recorded.get('meta_sha256'))[:16]}.... Prepare the data as the run "
        "did, use its table, or give --other-table to train the same recipe on this one."
    )


def _check_unlabelled(
    run: RunFolder, was: Mapping[str, Any], folders: Sequence[Path], manifest: Manifest, terminal: Terminal
) -> None:
    """Raise UnusableInput unless the folders hold the unlabelled photos that the run learned from."""
    from skin_data.unlabelled import with_unlabelled

    recorded = was.get("distill", {}).get("unlabelled")
    if bool(folders) != bool(recorded):
        needed = f"{recorded['photos']} of {', '.join(recorded['folders'])}" if recorded else "none"
        raise UnusableInput(
            f"Run '{run.name}' can only be repeated with the unlabelled photos that it learned from: {needed}. "
            f"Received: --unlabelled {', '.join(map(str, folders)) or 'not at all'}."
        )
    if not recorded:
        return
    found = with_unlabelled(manifest, folders, run.root / "artifacts", progress=terminal.progress)
    if found.sha256 != recorded["sha256"]:
        raise UnusableInput(
            f"The unlabelled photos are not those of run '{run.name}'. Received: {found.photos} photos of "
            f"{', '.join(map(str, folders))}, the run's {recorded['photos']} of {', '.join(recorded['folders'])}. Give "
            "the same folders, in the same order."
        )


def _repeat_teacher(
    run: RunFolder, manifest: Manifest, again: RunFolder, weights: str | None, terminal: Terminal
) -> None:
    from skin_training.recipe import TeacherRecipe, from_mapping
    from teacher.train import train_teacher

    recipe = from_mapping(TeacherRecipe, run.read_config()["teacher"], "teacher")
    report = run.read_report() if run.report_path.is_file() else {}
    mixed = report.get("teacher", {}).get("key", {}).get("mixed_precision", False)
    recipe = with_given(recipe, weights=weights or None)
    train_teacher(recipe, manifest, again, terminal.progress, mixed_precision=mixed)


def _find_teachers(
    run: RunFolder, was: Mapping[str, Any], config: Mapping[str, Any], manifest: Manifest, weights: str | None,
    terminal: Terminal
) -> RunFolder | list[Teacher]:  # fmt: skip
    """Return a student's teachers; for a run whose file is not here any more, another run that repeats it."""
    from skin_training.run_folder import RunFolder
    from triage.atomic import sha256_of

    targets = config.get("teachers") or [config["teacher_run"]]  # runs of earlier versions have one
    entries = was["distill"].get("teachers", ())
    if len(targets) > 1 or any(entry["kind"] != "run" for entry in entries):
        ids = manifest.taxonomy.ids
        return [_unchanged(run, target, e["sha256"], ids) for target, e in zip(targets, entries, strict=True)]
    teacher = RunFolder(targets[0], run.root)
    file = teacher.artifacts / "teacher.keras"
    same_table = config["data"]["meta_sha256"] == manifest.sha256
    if same_table and file.is_file() and sha256_of(file) == was["distill"]["key"]["teacher_sha256"]:
        return teacher
    again = RunFolder(f"{teacher.name}-again", run.root)
    terminal.line(f"reproduce: the teacher of '{run.name}' is not here; '{again.name}' repeats it first")
    _repeat_teacher(teacher, manifest, again, weights, terminal)
    return again


def _unchanged(run: RunFolder, target: str, sha256: str, class_ids: Sequence[str]) -> Teacher:
    """Open one of several teachers, or one from elsewhere, which must be the one that a run learned from."""
    from distill.teachers import open_teacher

    try:
        teacher = open_teacher(target, class_ids, run.root)
    except UnusableInput as error:
        raise UnusableInput(f"Run '{run.name}' can only be repeated with its teacher {target}. {error}") from error
    if teacher.sha256 != sha256:
        raise UnusableInput(
            f"Teacher {target} is not the one of run '{run.name}': its file, or the YAML beside it, has changed. "
            f"Received: SHA-256 {teacher.sha256[:16]}..., the run's {sha256[:16]}.... Restore it, or train a new run "
            "with `skin-distill distill`."
        )
    return teacher
