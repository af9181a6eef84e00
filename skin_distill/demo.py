"""The demonstration: the whole main job on synthetic skin phantoms."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skin_distill.recipes import recipe_path
from skin_distill.terminal import Terminal

RECIPE = "demo"
TEACHER, STUDENT = "demo-teacher", "demo-student"


@dataclass(frozen=True)
class Row:
    """One line of the demonstration's table; accuracies are figures of a report, latency is in milliseconds."""

    model: str
    diagnosis: dict[str, Any]
    lighting: dict[str, Any]
    size: int
    latency: float


@dataclass(frozen=True)
class DemoResult:
    """What the demonstration made.

    Attributes:
        rows: teacher, student and int8.
        files: the .tflite files by name.
        meta: the data set's table.
        verified: whether every gate that could tell said yes.
        seconds: wall time of this call.
    """

    rows: list[Row]
    files: dict[str, Path]
    meta: Path
    verified: bool
    seconds: float


def run_demo(root: Path, terminal: Terminal, recipe: str = RECIPE) -> DemoResult:
    """Prepare, teach, distil, convert, verify, benchmark and classify; what is done already is not done again.

    Args:
        root: folder that holds everything; made if needed.
        terminal: shows progress.
        recipe: name or path of the recipe; it has a `data` section with `count`, `size` and `seed`.
    """
    from convert.convert import convert
    from convert.verify import verify
    from distill.recipe import DistillRecipe
    from distill.train import distill_student
    from teacher.data.manifest import read_manifest
    from teacher.data.prepare import prepare
    from teacher.recipe import TeacherRecipe, read_recipe
    from teacher.run_folder import RunFolder
    from teacher.train import train_teacher

    begun = time.monotonic()
    path = recipe_path(recipe)
    teacher_recipe, whole = read_recipe(path, "teacher", TeacherRecipe)
    student_recipe, _ = read_recipe(path, "distill", DistillRecipe)
    data = whole["data"]
    folder = root / "phantoms"
    _step(terminal, 1, f"prepare: {data['count']} synthetic skin phantoms in {folder}")
    meta = folder / "meta.csv"
    if not meta.is_file():
        meta = prepare(
            "phantom", None, folder, seed=data["seed"], count=data["count"], size=data["size"],
            progress=terminal.progress,
        ).meta_path  # fmt: skip
    manifest = read_manifest(meta)
    teacher_run, student_run = RunFolder(TEACHER, root), RunFolder(STUDENT, root)
    _step(terminal, 2, "teacher: lighting and diagnosis, behind a colour calibration")
    teacher = train_teacher(teacher_recipe, manifest, teacher_run, terminal.progress)
    _step(terminal, 3, "distill: MobileNetV3-Small learns from the teacher's answers")
    student = distill_student(student_recipe, manifest, teacher_run, student_run, whole["convert"], terminal.progress)
    _step(terminal, 4, "convert: float32 and int8 files for a phone")
    variants = whole["convert"]["variants"]
    files = convert(student_run, manifest, variants, terminal.progress)
    _step(terminal, 5, "verify: the same answers and the same colours, tone by tone")
    report = verify(list(files.values()), student_run, manifest, progress=terminal.progress)
    teacher_file = _teacher_file(teacher_run)
    _step(terminal, 6, "benchmark: side by side on this machine")
    latency = _latency({"teacher": teacher_file, **files}, student_run, terminal)
    int8 = report.of("int8")
    rows = [
        Row("teacher", teacher["test"]["diagnosis"], teacher["test"]["lighting"], teacher_file.stat().st_size,
            latency["teacher"]),
        Row("student", student["test"]["diagnosis"], student["test"]["lighting"], files["float32"].stat().st_size,
            latency["float32"]),
        Row("int8", int8["diagnosis"], int8["lighting"], files["int8"].stat().st_size, latency["int8"]),
    ]  # fmt: skip
    _step(terminal, 7, "classify: one photo of the test split")
    return DemoResult(rows, files, meta, report.passed, time.monotonic() - begun)


def _step(terminal: Terminal, number: int, text: str) -> None:
    terminal.line(f"[{number}/7] {text}")
