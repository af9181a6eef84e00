"""The demo: the whole pipeline on synthetic skin phantoms."""

import json
import time
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from skin_distill.assessment_text import assessment_text
from skin_distill.recipes import recipe_path
from skin_distill.requirements import load_tensorflow
from skin_distill.terminal import Terminal
from triage.atomic import sha256_of, write_bytes, write_json

RECIPE = "demo"
TEACHER, STUDENT = "demo-teacher", "demo-student"
FINISHED = "demo.json"
"""File of a finished run, in its folder."""
PHANTOM = "3-melanoma.jpg"
"""The shipped phantom that the app's demo model is shown."""


def run_demo(root: Path, terminal: Terminal, recipe: str = RECIPE) -> dict[str, Any]:
    """Prepare, train, distil, convert, verify, benchmark and classify; what an earlier run finished is kept.

    It begins with an answer of the app's demo model. A finished run is returned at once.

    Args:
        root: folder for everything; made if needed.
        terminal: shows progress.
        recipe: name or path of a recipe with a `data` section of `count`, `size` and `seed`.

    Returns:
        JSON-able: `rows` for teacher, float student and the chosen file, the smallest that passes every gate, with
        metrics, `size` in bytes and `latency` in ms; whether no gate failed for it on the test split (`verified`), its
        gates with too few photos (`cannot_tell`); paths of the student's `files`, of `chosen`, `meta` and a test
        `photo`; `seconds`, the duration of this run, and of its `stages`.
    """
    root.mkdir(parents=True, exist_ok=True)
    _show_demo_model(terminal)
    key = {"recipe_sha256": sha256_of(recipe_path(recipe)), "version": version("skin-distill")}
    with suppress(OSError, ValueError, KeyError):
        finished = json.loads((root / FINISHED).read_text(encoding="utf-8"))
        result: dict[str, Any] = finished["result"]
        if finished["key"] == key and finished["chosen_sha256"] == sha256_of(result["chosen"]):
            terminal.line(f"The demo in {root} is finished: these are its results. To run it again, remove {root}.")
            return result
    result = _run_pipeline(root, terminal, recipe)
    write_json(root / FINISHED, {"key": key, "chosen_sha256": sha256_of(result["chosen"]), "result": result})
    return result


def _show_demo_model(terminal: Terminal) -> None:
    """Assess a shipped phantom in too little light and in good light, within a second."""
    from mobile_app.classifier import DEMO_MODEL
    from mobile_app.sources.moving_light import FAULT_S, GOOD_S, MovingLight, light_at
    from mobile_app.sources.phantom_stream import FOLDER
    from triage import Triage
    from triage.photo import read_photo

    triage, picture = Triage.load(DEMO_MODEL), read_photo(FOLDER / PHANTOM)
    too_dark = MovingLight(picture.shape[1], picture.shape[0]).relight(picture, light_at(GOOD_S + FAULT_S / 2))
    terminal.line("What it is about: the app's demo model on a synthetic skin phantom, in the dark and in good light")
    for light, pixels in (("in too little light", too_dark), ("in good light", picture)):
        assessment = triage.assess(pixels, synthetic_photo=True)
        told = {**assessment.to_json(), "photo": f"{FOLDER / PHANTOM}, {light}"}
        terminal.line(assessment_text(told, triage.card, triage.urgent_threshold_text))
    terminal.line(assessment.disclaimer)


def _run_pipeline(root: Path, terminal: Terminal, recipe: str) -> dict[str, Any]:
    path, begun, stages = recipe_path(recipe), time.monotonic(), _Stages(terminal)
    load_tensorflow()  # first, because the modules below import it and it would write its log
    from benchmarks.latency.interleaved import benchmark
    from convert.best import choose_best
    from convert.convert import convert
    from convert.making.converter import to_tflite
    from distill.model_file import load_model
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
    stages.begin("prepare", f"{data['count']} synthetic skin phantoms in {folder}")
    meta = prepare(
        "phantom", None, folder, seed=data["seed"], count=data["count"], size=data["size"], progress=terminal.progress
    ).meta_path
    manifest = read_manifest(meta)
    teacher_run, student_run = RunFolder(TEACHER, root), RunFolder(STUDENT, root)
    stages.begin("teacher", "learn diagnosis and lighting behind a colour calibration")
    teacher = train_teacher(teacher_recipe, manifest, teacher_run, terminal.progress)
    stages.begin("distill", "train MobileNetV3-Small on the teacher's predictions")
    student = distill_student(student_recipe, manifest, teacher_run, student_run, whole["convert"], terminal.progress)
    stages.begin("convert", "write .tflite files")
    variants = whole["convert"]["variants"]
    files = convert(student_run, manifest, variants, terminal.progress)
    teacher_file = teacher_run.artifacts / "teacher-float32.tflite"  # one runtime times all rows of the table
    if not teacher_file.is_file():
        write_bytes(teacher_file, to_tflite(load_model(teacher_run.artifacts / "teacher.keras")))
    stages.begin("verify", "find the smallest file with the same predictions and colours, tone by tone")
    best = choose_best(student_run, manifest, variants, "size", progress=terminal.progress)
    (verdict,) = best.verification.files
    chosen = best.file or files[verdict.variant]  # a file that fails on the test split is shown as well
    stages.begin("benchmark", "time the files side by side on this machine")
    timed = {"teacher": teacher_file, "student": files["float32"], verdict.variant: chosen}
    assert verdict.test is not None  # the chosen file is measured on the test split
    tests = {"teacher": teacher["test"], "student": student["test"], verdict.variant: verdict.test}
    latency = benchmark(list(timed.values()), mode="rapid", progress=terminal.progress)["results"]
    stages.begin("classify", "a photo of the test split")
    photo = manifest.photo_paths(manifest.split("test"))[0]
    triage = Triage.load(chosen)
    assessment = triage.assess(photo, synthetic_photo=True)
    terminal.line(assessment_text(assessment.to_json(), triage.card, triage.urgent_threshold_text))
    terminal.line(assessment.disclaimer)
    rows = [
        {
            "model": name,
            "diagnosis": tests[name]["diagnosis"]["accuracy"],
            "lighting": tests[name]["lighting"]["accuracy"],
            "size": file.stat().st_size,
            "latency": result["p50_ms"],
        }
        for (name, file), result in zip(timed.items(), latency, strict=True)
    ]
    return {
        "synthetic": True,
        "seconds": round(time.monotonic() - begun, 1),
        "stages": stages.finish(),
        "verified": verdict.passed,
        "cannot_tell": verdict.inconclusive,
        "rows": rows,
        "files": {name: str(file) for name, file in files.items()},
        "chosen": str(chosen),
        "meta": str(meta),
        "photo": str(photo),
    }


class _Stages:
    """Announces stages and keeps their durations in seconds."""

    def __init__(self, terminal: Terminal):
        self._terminal, self._begun = terminal, [("start", time.monotonic())]

    def begin(self, name: str, what: str) -> None:
        self._terminal.line(f"[{len(self._begun)}/7] {name}: {what}")
        self._begun.append((name, time.monotonic()))

    def finish(self) -> dict[str, float]:
        ends = [begun for _, begun in self._begun[1:]] + [time.monotonic()]
        seconds = {name: round(end - begun, 1) for (name, begun), end in zip(self._begun, ends, strict=True)}
        self._terminal.line("Durations: " + ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items()))
        return seconds
