"""`skin-distill evaluate`: measure a model on a split."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skin_distill.outside_sets import also_option, show_outside
from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, not_fitted_text, output_options, percent
from triage.errors import UnusableInput

if TYPE_CHECKING:
    import numpy as np
    import tf_keras as keras

    from skin_training.report_types import OutsideSection, SliceSection, TestSection
    from skin_training.run_folder import RunFolder
    from triage.crop import Crop
    from triage.interpreter import Interpreter
    from triage.model_card import ModelCard

EPILOG = """\b
Examples:
  skin-distill evaluate phantom-student --data data/phantoms/meta.csv
  skin-distill evaluate artifacts/phantom-student/student-int8.tflite --data data/phantoms/meta.csv --out report/

MODEL is a .tflite, a .keras file or a run's name.
"""


SECTIONS = {"student.keras": "distill", "teacher.keras": "teacher", "student-without-teacher.keras": "distill"}
"""Section of a run's config and report, by the model's file."""
OTHER_DATA = " The model was trained on another meta.csv, which may contain some of these photos."


@click.command("evaluate", epilog=EPILOG)
@click.argument("model")
@click.option("--data", required=True, type=click.Path(path_type=Path, dir_okay=False), help="meta.csv of `prepare`.")
@click.option(
    "--split",
    type=click.Choice(["train", "val", "test"]),
    default="test",
    show_default=True,
    help="Split to measure on.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder for evaluation.json and figures/."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Random seed of the bootstrap.")
@click.option(
    "--calibration",
    type=click.Choice(["temperature", "vector", "dirichlet"]),
    default="temperature",
    show_default=True,
    help="Calibration method, fitted on the validation split. Thresholds always use temperature.",
)
@click.option(
    "--sensitivity",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, True, True),
    help="Target sensitivity of the triage threshold on the validation split.",
)
@click.option(
    "--coverage",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1, True, True),
    help="Target fraction of conformal sets that contain the true class.",
)
@also_option
@click.option(
    "--against", help="Another model of these classes, such as a baseline: its metrics and the paired gain over it."
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
    also: tuple[Path, ...],
    against: str | None,
    terminal: Terminal,
) -> None:
    """Measure a model on a split.

    Metrics of both heads, overall and per skin tone, with 95 % intervals over groups. With --split test, calibration,
    triage threshold and conformal sets are fitted on the validation split and measured, too. Outside test sets are
    measured on the classes that they share with the model.
    """
    load_tensorflow()
    with needs_extra("train"):
        from skin_data.manifest import read_manifest
        from skin_data.pixels import load_pixels
        from skin_training.evaluation import evaluate
        from skin_training.evaluation.evaluate import validation_of
        from skin_training.evaluation.outside import OutsideModel, measure_outside, read_outside
        from skin_training.evaluation.paired import paired_gain
        from skin_training.evaluation.plots import plot_evaluation
        from skin_training.predict import predict
        from triage.atomic import check_writable, write_json

    manifest = read_manifest(data)
    frame = manifest.split(split)
    opened, other = _open(model), _open(against) if against else None
    for each, name in ((opened, model), (other, against)):
        if each and each.classes:
            manifest.check_classes(each.classes, str(name))
    outside = [read_outside(meta, manifest.taxonomy.ids, manifest) for meta in also]
    if out:
        check_writable(out / "evaluation.json")
    other_data = bool(opened.meta_sha256) and opened.meta_sha256 != manifest.sha256

    cache = Path("artifacts") / "pixels"

    def predictions(name: str, of: _Opened = opened) -> "tuple[np.ndarray, np.ndarray]":
        rows = manifest.split(name)
        pixels = load_pixels(manifest, rows, of.size, of.crop, cache, terminal.progress)
        return predict(of.model, pixels, progress=terminal.progress, stage=f"evaluate on {name}")

    predicted, validation = predictions(split), None
    if split == "test":
        rows = manifest.split("val")
        options = {"method": calibration, "sensitivity": sensitivity, "coverage": coverage}
        validation = validation_of(rows, manifest.taxonomy.ids, predictions("val")[0], **options)
    test = evaluate(manifest, frame, *predicted, seed=seed, validation=validation, card=opened.card)
    lineage = {"meta_sha256": manifest.sha256, "model_meta_sha256": opened.meta_sha256 or None}
    report = {"model": model, "split": split, **lineage, **test}
    if other:
        gain = paired_gain(manifest, frame, predicted[0], predictions(split, other)[0], seed)
        report["against"] = {"model": against, "gain": gain}
    elsewhere: dict[str, OutsideSection] = {}
    if outside:
        named = {model: opened, **({str(against): other} if other else {})}
        models = {name: OutsideModel(partial(predict, o.model), o.size, o.crop) for name, o in named.items()}
        elsewhere = measure_outside(outside, models, cache, against or "", terminal.progress)
        report["also"] = elsewhere
    if out:
        write_json(out / "evaluation.json", report)
        plot_evaluation(out / "figures", report, f"{Path(model).name} on {split}")
    _show_tones(terminal, f"{model} on {split}", test, OTHER_DATA if other_data else "")
    if other:
        told = dict.fromkeys((percent(gain["balanced_accuracy"]), gain["verdict"]))
        terminal.line(f"Gain over {against} in balanced accuracy: {', '.join(told)}")
    show_outside(terminal, elsewhere)
    _show_classes(terminal, test)
    terminal.result(report)


def _show_tones(terminal: Terminal, title: str, test: "TestSection", note: str) -> None:
    slices: list[tuple[str, SliceSection]] = [("all", test), *test["per_tone"].items()]
    terminal.table(
        title + (", synthetic data" if test["synthetic"] else ""),
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
        caption=f"95 % intervals by bootstrap over {test['groups']} groups, seed {test['seed']}. "
        f"Tones: {test['tone_scheme']}.{not_fitted_text(test)}{note}",
    )


def _show_classes(terminal: Terminal, test: "TestSection") -> None:
    """Show the classes, the urgent ones first."""
    from skin_training.evaluation.plots import urgent_classes
    from skin_training.plotting import display_name

    urgent = urgent_classes(test)
    per_class = sorted(test["per_class"].items(), key=lambda item: item[0] not in urgent)
    terminal.table(
        "By class",
        ("class", "n", "named first", "sent to a doctor"),
        [
            (
                display_name(name),
                part["n"],
                percent(part["recall"]),
                percent(part["sent_to_doctor"]) if "sent_to_doctor" in part else "not measured",
            )
            for name, part in per_class
        ],
        caption="Named first: recall. Sent to a doctor: urgent or soon, light and framing taken as good.",
    )


@dataclass(frozen=True)
class _Opened:
    """A model for `predict`, how its photos are prepared, and its lineage ("" or empty where unknown)."""

    model: "keras.Model | Interpreter"
    size: int
    crop: "Crop"
    classes: list[str]
    meta_sha256: str
    card: "ModelCard | None" = None


def _open(model: str) -> _Opened:
    from skin_training.run_folder import RunFolder

    path = Path(model)
    if path.suffix == ".tflite":
        return _open_file(path)
    if path.suffix == ".keras":
        return _open_keras(path, _run_of(path))
    run = RunFolder(model)
    run.read_config()
    for name in SECTIONS:
        if (run.artifacts / name).is_file():
            return _open_keras(run.artifacts / name, run)
    raise UnusableInput(f"Run '{model}' has no model. Looked in: {run.artifacts}. Train it, or give a model file.")


def _open_file(path: Path) -> _Opened:
    from triage.crop import Crop
    from triage.interpreter import open_interpreter
    from triage.model_file import read_model
    from triage.outputs import check_fit

    file = read_model(path)
    interpreter = open_interpreter(file.flatbuffer, threads=2)
    check_fit(file, interpreter)
    classes = [entry["id"] for entry in file.card["classes"]]
    crop, lineage = Crop.recorded(file.card["input"]), file.card["data"].get("meta_sha256", "")
    return _Opened(interpreter, interpreter.input_size, crop, classes, lineage, file.card)


def _open_keras(path: Path, run: "RunFolder | None") -> _Opened:
    from distill.model_file import load_model
    from triage.crop import Crop

    model, section = load_model(path), SECTIONS.get(path.name, "")
    config = run.read_config() if run else {}
    report = run.read_report() if run and run.report_path.is_file() else {}
    crop = Crop.recorded(config.get(section) or {})
    classes = ((report.get(section) or {}).get("test") or {}).get("confusion", {}).get("classes", [])
    return _Opened(model, model.input_shape[1], crop, classes, config.get("data", {}).get("meta_sha256", ""))


def _run_of(path: Path) -> "RunFolder | None":
    """Return the run whose artifacts folder a model is in, or None."""
    from skin_training.run_folder import RUN_NAME, RunFolder

    parts = path.absolute().parts
    if path.name not in SECTIONS or len(parts) < 4 or parts[-3] != "artifacts" or not RUN_NAME.fullmatch(parts[-2]):
        return None
    run = RunFolder(parts[-2], Path(*parts[:-3]))
    return run if run.config_path.is_file() else None
