"""Five-fold cross-validation by patient of a recipe with answers, and the release file of its final model.

    python -m benchmarks.cross_validation --config RECIPE --data META.csv --folds 0,1 [--weights FILE]
    python -m benchmarks.cross_validation --config RECIPE --data META.csv               the metrics of all folds
    python -m benchmarks.cross_validation --config RECIPE --data META.csv --variant NAME  gates of such files, pooled
    python -m benchmarks.cross_validation --config RECIPE --data META.csv --final DIR   train on all photos
    python -m benchmarks.cross_validation --config RECIPE --data META.csv --release MODEL.tflite

Each fold trains a teacher and a student; the same command resumes a stopped one. `--final` writes DIR/meta.csv for
`skin-distill convert`, and `--release` puts the metrics onto the card of the file that it made.
"""

import argparse
import dataclasses
import logging
from pathlib import Path
from typing import Any

from benchmarks.console import run_script, with_interval
from benchmarks.cross_validation.folds import FOLDS, fold_of, held_out, runs_of, train_both, write_everything
from benchmarks.cross_validation.held_out_metrics import measure
from benchmarks.cross_validation.release import write_release
from convert.verifying.comparison import compare
from convert.verifying.gates import Gates, check_comparison
from distill.recipe import DistillRecipe
from skin_data.manifest import read_manifest
from skin_training.recipe import TeacherRecipe, read_recipe, to_mapping
from triage.atomic import write_json

FINAL = "final"


def main() -> None:
    """Train the given folds or the final model, or measure all folds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, required=True, help="a recipe with teacher, distill and convert")
    parser.add_argument("--data", type=Path, required=True, help="meta.csv of `skin-distill prepare`")
    parser.add_argument("--name", default="pad-ufes", help="beginning of the runs' names (default: %(default)s)")
    parser.add_argument("--root", type=Path, default=Path(), help="folder of experiments/ and artifacts/")
    parser.add_argument("--folds", type=_numbers, default=[], help="folds to train, such as 0,1")
    parser.add_argument("--weights", help="of the teacher's backbone; overrides the recipe's")
    parser.add_argument("--student-weights", help="of the student's backbone; overrides the recipe's")
    parser.add_argument("--seed", type=int, default=42, help="of the folds")
    parser.add_argument("--variant", help="compare .tflite files of this variant with the folds' students")
    parser.add_argument("--final", type=Path, metavar="DIR", help="train on all photos; folder of their meta.csv")
    parser.add_argument("--release", type=Path, metavar="FILE", help="a release file of the final model")
    parser.add_argument("--out", type=Path, default=Path("triage/models/phone.tflite"), help="of --release")
    parser.add_argument("--document", type=Path, default=Path("docs/model_card_phone.md"), help="of --release")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("skin_distill").setLevel(logging.INFO)  # one line an epoch
    teacher, whole = read_recipe(options.config, "teacher", TeacherRecipe)
    student, _ = read_recipe(options.config, "distill", DistillRecipe)
    teacher = dataclasses.replace(teacher, weights=options.weights or teacher.weights)
    student = dataclasses.replace(student, weights=options.student_weights or student.weights)
    manifest, convert = read_manifest(options.data), whole.get("convert") or {}
    if options.folds or options.final:
        folds = {number: fold_of(manifest, number, options.seed) for number in options.folds}
        for number, fold in folds.items():
            train_both(teacher, student, convert, fold, runs_of(options.name, f"fold{number}", options.root))
        if options.final:
            final = write_everything(manifest, options.seed, options.final)
            train_both(teacher, student, convert, final, runs_of(options.name, FINAL, options.root))
        return
    predictions, files = held_out(manifest, student, options.name, options.seed, options.root, variant=options.variant)
    if files:
        of_float, of_file = ((part.probabilities, part.lighting) for part in (predictions, files))
        for result in check_comparison(compare(manifest, predictions.frame, of_float, of_file), Gates()):
            print(f"{result.gate}: {result.measured}; limit: {result.limit}; {result.outcome}")
        return
    metrics = measure(predictions, manifest)
    report = {"teacher": to_mapping(teacher), "student": to_mapping(student), "seed": options.seed, "metrics": metrics}
    write_json(options.root / "experiments" / options.name / "cross_validation.json", report)
    _print(metrics)
    if options.release:
        size = write_release(options.release, options.out, options.document, predictions, manifest, metrics)
        print(f"{options.out}: {size:,} bytes; {options.document}")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _print(metrics: dict[str, Any]) -> None:
    columns = {"photo alone": metrics["photo_alone"], **{f"{k} answers": v for k, v in metrics["answered"].items()}}
    print(f"{metrics['n']} photos, {metrics['groups']} groups, {FOLDS} folds")
    for name, part in columns.items():
        told = "; ".join(f"{key} {with_interval(value)}" for key, value in part.items() if isinstance(value, dict))
        print(f"{name}: {told}; nll {part['nll']:.3f}")
    print(f"gain of all answers: {with_interval(metrics['gain']['balanced_accuracy'])}; cases: {metrics['cases']}")


if __name__ == "__main__":
    run_script(main)
