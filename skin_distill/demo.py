"""The demonstration: the whole main job on synthetic skin phantoms."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skin_distill.answer_text import answer_text
from skin_distill.recipes import recipe_path
from skin_distill.requirements import load_tensorflow
from skin_distill.terminal import Terminal
from triage.atomic import sha256_of, write_bytes, write_json

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
        rows: teacher, student in float, and the file chosen.
        files: the student's .tflite files by variant.
        chosen: the smallest file that passes every gate.
        meta: the data set's table.
        photo: a photo of the test split.
        verified: whether no gate failed for the file chosen, on the test split.
        untold: its gates that had too few photos to tell.
        seconds: wall time of all calls that made it, those that were stopped among them.
    """

    rows: list[Row]
    files: dict[str, Path]
    chosen: Path
    meta: Path
    photo: Path
    verified: bool
    untold: list[str]
    seconds: float


def run_demo(root: Path, terminal: Terminal, recipe: str = RECIPE) -> DemoResult:
    """Prepare, teach, distil, convert, verify, benchmark and classify; what is done already is not done again.

    Args:
        root: folder that holds everything; made if needed.
        terminal: shows progress.
        recipe: name or path of the recipe; it has a `data` section with `count`, `size` and `seed`.
    """
    path = recipe_path(recipe)
    summary = root / "demo.json"
    key = {"recipe_sha256": sha256_of(path), "version": version("skin-distill")}
    if known := _finished(summary, key):
        terminal.line(f"The demonstration in {root} is finished already; remove that folder to see it run.")
        return known
    with stopwatch(root / "demo-seconds.json", key) as seconds:
        result = _run(root, path, terminal, seconds)
    write_json(summary, {"key": key, **_to_json(result)})
    return result


@contextmanager
def stopwatch(path: Path, key: dict[str, str]) -> Iterator[Callable[[], float]]:
    """Time of this call and of earlier ones with the same key, kept in a file; a call that was killed is missing."""
    earlier, begun = 0.0, time.monotonic()

    def seconds() -> float:
        return earlier + time.monotonic() - begun

    with suppress(OSError, ValueError, KeyError):
        found = json.loads(path.read_text(encoding="utf-8"))
        earlier = float(found["seconds"]) if found["key"] == key else 0.0
    try:
        yield seconds
    finally:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, {"key": key, "seconds": seconds()})


def _run(root: Path, path: Path, terminal: Terminal, seconds: Callable[[], float]) -> DemoResult:
    load_tensorflow()  # first: the modules below import it, and it would chatter
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

    teacher_recipe, whole = read_recipe(path, "teacher", TeacherRecipe)
    student_recipe, _ = read_recipe(path, "distill", DistillRecipe)
    data, folder = whole["data"], root / "phantoms"
    _step(terminal, 1, f"prepare: {data['count']} synthetic skin phantoms in {folder}")
    meta = prepare(
        "phantom", None, folder, seed=data["seed"], count=data["count"], size=data["size"], progress=terminal.progress
    ).meta_path
    manifest = read_manifest(meta)
    teacher_run, student_run = RunFolder(TEACHER, root), RunFolder(STUDENT, root)
    _step(terminal, 2, "teacher: learns lighting and diagnosis behind a colour calibration")
    teacher = train_teacher(teacher_recipe, manifest, teacher_run, terminal.progress)
    _step(terminal, 3, "distill: MobileNetV3-Small learns from the teacher's answers")
    student = distill_student(student_recipe, manifest, teacher_run, student_run, whole["convert"], terminal.progress)
    _step(terminal, 4, "convert: files for a phone")
    variants = whole["convert"]["variants"]
    files = convert(student_run, manifest, variants, terminal.progress)
    teacher_file = _teacher_file(teacher_run)
    _step(terminal, 5, "verify: the smallest file with the same answers and the same colours, tone by tone")
    best = choose_best(student_run, manifest, variants, "size", progress=terminal.progress)
    (proof,) = best.proof.files
    chosen = best.file or files[proof.variant]  # one that fails on the test split is shown, too, as what it is
    _step(terminal, 6, "benchmark: side by side on this machine")
    timed = {"teacher": teacher_file, "student": files["float32"], proof.variant: chosen}
    latency = _latency(timed, terminal)
    tests = {"teacher": teacher["test"], "student": student["test"], proof.variant: proof.test}
    _step(terminal, 7, "classify: a photo of the test split")
    photo = manifest.photo_paths(manifest.split("test"))[0]
    triage = Triage.load(chosen)
    terminal.line(answer_text(triage.assess(photo).to_json(), triage.card, triage.urgent_threshold_text))
    return DemoResult(
        rows=[
            Row(
                name,
                tests[name]["diagnosis"]["accuracy"],
                tests[name]["lighting"]["accuracy"],
                timed[name].stat().st_size,
                latency[name],
            )
            for name in timed
        ],
        files=files,
        chosen=chosen,
        meta=meta,
        photo=photo,
        verified=proof.passed,
        untold=proof.untold,
        seconds=round(seconds(), 1),
    )


def _teacher_file(run: Any) -> Path:
    """The teacher as a float32 file, so that all rows of the table are timed by the same runtime."""
    from convert.making.tflite import to_flatbuffer
    from convert.variants import VARIANTS
    from distill.model_file import load_model

    path = run.artifacts / "teacher-float32.tflite"
    if not path.is_file():
        write_bytes(path, to_flatbuffer(load_model(run.artifacts / "teacher.keras"), VARIANTS["float32"]))
    return Path(path)


def _latency(files: dict[str, Path], terminal: Terminal) -> dict[str, float]:
    from benchmarks.latency.interleaved import benchmark

    measured = benchmark(list(files.values()), mode="rapid", progress=terminal.progress)["results"]
    return {name: result["p50_ms"] for name, result in zip(files, measured, strict=True)}


def _step(terminal: Terminal, number: int, text: str) -> None:
    terminal.line(f"[{number}/7] {text}")


def _to_json(result: DemoResult) -> dict[str, Any]:
    return {
        **asdict(result),
        "files": {name: str(path) for name, path in result.files.items()},
        "chosen": str(result.chosen),
        "meta": str(result.meta),
        "photo": str(result.photo),
    }


def _finished(summary: Path, key: dict[str, str]) -> DemoResult | None:
    if not summary.is_file():
        return None
    found = json.loads(summary.read_text(encoding="utf-8"))
    files = {name: Path(path) for name, path in found["files"].items()}
    photo, chosen = Path(found["photo"]), Path(found.get("chosen", ""))
    if found.pop("key") != key or not all(path.is_file() for path in [*files.values(), chosen, photo]):
        return None
    rows = [Row(**row) for row in found["rows"]]
    places = {"files": files, "chosen": chosen, "meta": Path(found["meta"]), "photo": photo}
    return DemoResult(**{**found, "rows": rows, **places})
