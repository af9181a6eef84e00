"""The demo: the whole pipeline on synthetic skin phantoms."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from skin_distill.assessment_text import assessment_text
from skin_distill.recipes import recipe_path
from skin_distill.requirements import load_tensorflow
from skin_distill.terminal import Terminal
from triage.atomic import sha256_of, write_bytes, write_json

if TYPE_CHECKING:
    from skin_training.report_types import Metric
    from skin_training.run_folder import RunFolder

RECIPE = "demo"
TEACHER, STUDENT = "demo-teacher", "demo-student"


@dataclass(frozen=True)
class Row:
    """One row of the demo's table: accuracies as metrics of a report, size in bytes, latency in milliseconds."""

    model: str
    diagnosis: "Metric"
    lighting: "Metric"
    size: int
    latency: float


@dataclass(frozen=True)
class DemoResult:
    """What the demo made.

    Attributes:
        rows: teacher, float student, and the chosen file.
        files: the student's .tflite files by variant.
        chosen: the smallest file that passes every gate.
        meta: meta.csv of the phantoms.
        photo: a photo of the test split.
        verified: whether no gate failed for the chosen file on the test split.
        inconclusive: gates of that file with too few photos.
        seconds: duration of all runs that made it, interrupted ones included.
    """

    rows: list[Row]
    files: dict[str, Path]
    chosen: Path
    meta: Path
    photo: Path
    verified: bool
    inconclusive: list[str]
    seconds: float


def run_demo(root: Path, terminal: Terminal, recipe: str = RECIPE) -> DemoResult:
    """Prepare, train, distil, convert, verify, benchmark and classify; skip what is done already.

    Args:
        root: folder for everything; made if needed.
        terminal: shows progress.
        recipe: name or path of a recipe with a `data` section of `count`, `size` and `seed`.
    """
    path = recipe_path(recipe)
    summary = root / "demo.json"
    key = {"recipe_sha256": sha256_of(path), "version": version("skin-distill")}
    if known := _read_result(summary, key):
        terminal.line(f"The demo in {root} is finished already. Remove that folder to run it again.")
        return known
    with stopwatch(root / "demo-seconds.json", key) as seconds:
        result = _run(root, path, terminal, seconds)
    write_json(summary, {"key": key, **json.loads(json.dumps(asdict(result), default=str))})
    return result


@contextmanager
def stopwatch(path: Path, key: dict[str, str]) -> Iterator[Callable[[], float]]:
    """Duration of this run and of earlier ones with the same key, kept in a file; killed runs are missing."""
    earlier, start = 0.0, time.monotonic()

    def seconds() -> float:
        return earlier + time.monotonic() - start

    with suppress(OSError, ValueError, KeyError):
        found = json.loads(path.read_text(encoding="utf-8"))
        earlier = float(found["seconds"]) if found["key"] == key else 0.0
    try:
        yield seconds
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"key": key, "seconds": seconds()})


def _run(root: Path, path: Path, terminal: Terminal, seconds: Callable[[], float]) -> DemoResult:
    load_tensorflow()  # first, because the modules below import it and it would write its log
    from benchmarks.latency.interleaved import benchmark
    from convert.best import choose_best
    from convert.convert import convert
    from distill.recipe import DistillRecipe
    from distill.train import distill_student
    from skin_data.manifest import read_manifest
    from skin_data.prepare import prepare
    from skin_training.recipe import TeacherRecipe, read_recipe
    from skin_training.run_folder import RunFolder
    from teacher.train import train_teacher
    from triage import Triage

    def step(number: int, text: str) -> None:
        terminal.line(f"[{number}/7] {text}")

    teacher_recipe, whole = read_recipe(path, "teacher", TeacherRecipe)
    student_recipe, _ = read_recipe(path, "distill", DistillRecipe)
    data, folder = whole["data"], root / "phantoms"
    step(1, f"prepare: {data['count']} synthetic skin phantoms in {folder}")
    meta = prepare(
        "phantom", None, folder, seed=data["seed"], count=data["count"], size=data["size"], progress=terminal.progress
    ).meta_path
    manifest = read_manifest(meta)
    teacher_run, student_run = RunFolder(TEACHER, root), RunFolder(STUDENT, root)
    step(2, "teacher: learn diagnosis and lighting behind a colour calibration")
    teacher = train_teacher(teacher_recipe, manifest, teacher_run, terminal.progress)
    step(3, "distill: train MobileNetV3-Small on the teacher's predictions")
    student = distill_student(student_recipe, manifest, teacher_run, student_run, whole["convert"], terminal.progress)
    step(4, "convert: write .tflite files")
    variants = whole["convert"]["variants"]
    files = convert(student_run, manifest, variants, terminal.progress)
    teacher_file = _teacher_file(teacher_run)
    step(5, "verify: find the smallest file with the same predictions and colours, tone by tone")
    best = choose_best(student_run, manifest, variants, "size", progress=terminal.progress)
    (verdict,) = best.verification.files
    chosen = best.file or files[verdict.variant]  # a file that fails on the test split is shown as well
    step(6, "benchmark: time the files side by side on this machine")
    timed = {"teacher": teacher_file, "student": files["float32"], verdict.variant: chosen}
    assert verdict.test is not None  # the chosen file is measured on the test split
    tests = {"teacher": teacher["test"], "student": student["test"], verdict.variant: verdict.test}
    latency = benchmark(list(timed.values()), mode="rapid", progress=terminal.progress)["results"]
    step(7, "classify: a photo of the test split")
    photo = manifest.photo_paths(manifest.split("test"))[0]
    triage = Triage.load(chosen)
    assessment = triage.assess(photo, synthetic_photo=True)
    terminal.line(assessment_text(assessment.to_json(), triage.card, triage.urgent_threshold_text))
    terminal.line(assessment.disclaimer)
    return DemoResult(
        rows=[
            Row(
                name,
                tests[name]["diagnosis"]["accuracy"],
                tests[name]["lighting"]["accuracy"],
                file.stat().st_size,
                result["p50_ms"],
            )
            for (name, file), result in zip(timed.items(), latency, strict=True)
        ],
        files=files,
        chosen=chosen,
        meta=meta,
        photo=photo,
        verified=verdict.passed,
        inconclusive=verdict.inconclusive,
        seconds=round(seconds(), 1),
    )


def _teacher_file(run: "RunFolder") -> Path:
    """The teacher as a float32 .tflite file, so that one runtime times all rows of the table."""
    from convert.making.converter import to_tflite
    from distill.model_file import load_model

    path = run.artifacts / "teacher-float32.tflite"
    if not path.is_file():
        write_bytes(path, to_tflite(load_model(run.artifacts / "teacher.keras")))
    return path


def _read_result(summary: Path, key: dict[str, str]) -> DemoResult | None:
    """The result of a finished demo, or None if it has another key or a file is missing."""
    if not summary.is_file():
        return None
    found = json.loads(summary.read_text(encoding="utf-8"))
    if found.pop("key") != key:
        return None
    paths = {name: Path(found[name]) for name in ("chosen", "meta", "photo")}
    files = {name: Path(path) for name, path in found["files"].items()}
    if not all(path.is_file() for path in (*paths.values(), *files.values())):
        return None
    return DemoResult(**{**found, **paths, "files": files, "rows": [Row(**row) for row in found["rows"]]})
