"""`skin-distill evaluate`: measure any model of the project on a split."""

from pathlib import Path
from typing import Any

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options, percent
from triage.errors import UnusableInput

EPILOG = """\b
Examples:
  skin-distill evaluate phantom-student --data data/phantoms/meta.csv
  skin-distill evaluate artifacts/phantom-student/student-int8.tflite --data data/phantoms/meta.csv --out report/

MODEL is a .tflite, a .keras file or a run's name.
"""


@click.command("evaluate", epilog=EPILOG)
@click.argument("model")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="meta.csv of `prepare`.")
@click.option("--split", type=click.Choice(["train", "val", "test"]), default="test", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for evaluation.json and figures/."
)
@click.option("--seed", default=0, show_default=True, help="Of the bootstrap.")
@click.option(
    "--calibration",
    type=click.Choice(["temperature", "vector", "dirichlet"]),
    default="temperature",
    show_default=True,
    help="Map of the probabilities, fitted on the validation split.",
)
@click.option(
    "--sensitivity",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, True, True),
    help="Share of the urgent cases of the validation split that the triage threshold shall catch.",
)
@click.option(
    "--coverage",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, True, True),
    help="Share of the conformal sets that shall hold the truth.",
)
@output_options
def command(
    model: str,
    data: Path,
    split: str,
    out: Path | None,
    seed: int,
    calibration: str,
    sensitivity: float,
    coverage: float,
    terminal: Terminal,
) -> None:
    """Measure a model on a split.

    Both heads, overall and per skin tone, with 95 % intervals over groups. Calibration, the triage threshold and
    conformal sets are fitted on the validation split, and are not measured where that is the split asked for.
    """
    load_tensorflow()
    with needs_extra("train"):
        from teacher.data.manifest import read_manifest
        from teacher.data.pixels import load_pixels
        from teacher.evaluation import evaluate
        from teacher.evaluation.evaluate import truth_of
        from teacher.evaluation.held_out import Validation
        from teacher.evaluation.pictures import draw_evaluation
        from teacher.predict import predict
        from triage.atomic import write_json

    manifest = read_manifest(data)
    frame = manifest.split(split)
    answering, size, crop = _open(model)

    def answer(name: str) -> tuple[Any, Any]:
        rows = manifest.split(name)
        pixels = load_pixels(manifest, rows, size, crop, Path("artifacts") / "pixels", terminal.progress)
        return predict(answering, pixels, progress=terminal.progress, stage=f"evaluate on {name}")

    answers, validation = answer(split), None
    if split == "test":
        truth = truth_of(manifest.split("val"), manifest.taxonomy.ids)
        validation = Validation(truth, answer("val")[0], "val", calibration, sensitivity, coverage)
    report = {
        "model": model,
        "split": split,
        "meta_sha256": manifest.sha256,
        **evaluate(manifest, frame, *answers, seed=seed, validation=validation),
    }
    if out:
        write_json(out / "evaluation.json", report)
        draw_evaluation(out / "figures", report, f"{Path(model).name} on {split}")
    slices: list[tuple[str, Any]] = [("all", report), *report["per_tone"].items()]
    terminal.table(
        f"{model} on {split}" + (", synthetic data" if report["synthetic"] else ""),
        ("photos", "n", "accuracy", "balanced accuracy", "lighting accuracy", "ECE"),
        [
            (
                name,
                part["n"],
                percent(part["diagnosis"]["accuracy"]),
                percent(part["diagnosis"]["balanced_accuracy"]),
                percent(part["lighting"]["accuracy"]),
                percent(part["diagnosis"]["ece"]),
            )
            for name, part in slices
        ],
        caption=f"95 % intervals by bootstrap over {report['groups']} groups, seed {seed}. "
        f"Tones: {report['tone_scheme']}.",
    )
    terminal.result(report)


def _open(model: str) -> tuple[Any, int, float]:
    """Return what `predict` takes, its input size and the crop it was trained with."""
    from triage.photo import CROP_FRACTION

    path = Path(model)
    if path.suffix == ".tflite":
        from triage.interpreter import open_interpreter
        from triage.model_file import read_model

        file = read_model(path)
        interpreter = open_interpreter(file.flatbuffer, threads=2)
        return interpreter, interpreter.input_size, file.card["input"]["crop_fraction"]
    from distill.model_file import load_model

    if path.suffix == ".keras":
        loaded = load_model(path)
        return loaded, loaded.input_shape[1], CROP_FRACTION
    from teacher.run_folder import RunFolder

    run = RunFolder(model)
    config = run.read_config()
    for section, name in (("distill", "student.keras"), ("teacher", "teacher.keras")):
        if (run.artifacts / name).is_file():
            loaded = load_model(run.artifacts / name)
            return loaded, loaded.input_shape[1], config.get(section, {}).get("crop_fraction", CROP_FRACTION)
    raise UnusableInput(f"Run '{model}' has no model. Looked in: {run.artifacts}. Train it, or give a model file.")
