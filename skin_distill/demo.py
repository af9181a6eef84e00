"""The demo: the whole pipeline on synthetic skin phantoms."""

import time
from pathlib import Path
from typing import Any

from skin_distill.assessment_text import assessment_text
from skin_distill.recipes import recipe_path
from skin_distill.requirements import load_tensorflow
from skin_distill.terminal import Terminal
from triage.atomic import write_bytes

RECIPE = "demo"
TEACHER, STUDENT = "demo-teacher", "demo-student"


def run_demo(root: Path, terminal: Terminal, recipe: str = RECIPE) -> dict[str, Any]:
    """Prepare, train, distil, convert, verify, benchmark and classify; what an earlier run finished is kept.

    Args:
        root: folder for everything; made if needed.
        terminal: shows progress.
        recipe: name or path of a recipe with a `data` section of `count`, `size` and `seed`.

    Returns:
        JSON-able: `rows` for teacher, float student and the chosen file, the smallest that passes every gate, with
        metrics, `size` in bytes and `latency` in ms; whether no gate failed for it on the test split (`verified`), its
        gates with too few photos (`cannot_tell`); paths of the student's `files`, of `chosen`, `meta` and a test
        `photo`; `seconds`, the duration of this run.
    """
    path, begun = recipe_path(recipe), time.monotonic()
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
    terminal.line(f"[1/7] prepare: {data['count']} synthetic skin phantoms in {folder}")
    meta = prepare(
        "phantom", None, folder, seed=data["seed"], count=data["count"], size=data["size"], progress=terminal.progress
    ).meta_path
    manifest = read_manifest(meta)
    teacher_run, student_run = RunFolder(TEACHER, root), RunFolder(STUDENT, root)
    terminal.line("[2/7] teacher: learn diagnosis and lighting behind a colour calibration")
    teacher = train_teacher(teacher_recipe, manifest, teacher_run, terminal.progress)
    terminal.line("[3/7] distill: train MobileNetV3-Small on the teacher's predictions")
    student = distill_student(student_recipe, manifest, teacher_run, student_run, whole["convert"], terminal.progress)
    terminal.line("[4/7] convert: write .tflite files")
    variants = whole["convert"]["variants"]
    files = convert(student_run, manifest, variants, terminal.progress)
    teacher_file = teacher_run.artifacts / "teacher-float32.tflite"  # one runtime times all rows of the table
    if not teacher_file.is_file():
        write_bytes(teacher_file, to_tflite(load_model(teacher_run.artifacts / "teacher.keras")))
    terminal.line("[5/7] verify: find the smallest file with the same predictions and colours, tone by tone")
    best = choose_best(student_run, manifest, variants, "size", progress=terminal.progress)
    (verdict,) = best.verification.files
    chosen = best.file or files[verdict.variant]  # a file that fails on the test split is shown as well
    terminal.line("[6/7] benchmark: time the files side by side on this machine")
    timed = {"teacher": teacher_file, "student": files["float32"], verdict.variant: chosen}
    assert verdict.test is not None  # the chosen file is measured on the test split
    tests = {"teacher": teacher["test"], "student": student["test"], verdict.variant: verdict.test}
    latency = benchmark(list(timed.values()), mode="rapid", progress=terminal.progress)["results"]
    terminal.line("[7/7] classify: a photo of the test split")
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
        "verified": verdict.passed,
        "cannot_tell": verdict.inconclusive,
        "rows": rows,
        "files": {name: str(file) for name, file in files.items()},
        "chosen": str(chosen),
        "meta": str(meta),
        "photo": str(photo),
    }
