"""Convert a run's student into release files."""

import json
import logging
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from convert.flatbuffer import Flatbuffer
from convert.making.fast_path import on_fast_path
from convert.making.fine_tuning import train_further
from convert.making.representative import choose_representative, screen_outliers
from convert.making.tflite import ranges_of, to_flatbuffer
from convert.packing.metadata import with_metadata
from convert.recipe import RepresentativeRecipe, convert_recipe
from convert.variants import Variant, find_variants
from convert.verifying.partitions import delegate_partitions
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.calibration import fit_temperature, scale_by_temperature
from skin_training.evaluation.operating_point import urgent_threshold
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of, write_bytes
from triage.errors import UnusableInput
from triage.model_card import CARD_FORMAT
from triage.model_file import RELEASE_FORMAT, pack_model

log = logging.getLogger("skin_distill")

OF_JUDGEMENT = ("variants", "gates", "runtimes")
"""Parts of the recipe's section that say which files and how they are judged, not what is in them."""
LICENCE = (
    "Research and education only; not a medical device. The photos a model was trained on set further limits: see "
    "the licence of the data set named under data."
)
NOT_MEASURED = (
    "people rather than photos: several photos of one person may count as several",
    "other cameras, clinics and countries than those of the data set",
    "skin tone as a person would name it: ITA describes a photo",
)


def convert(run: RunFolder, manifest: Any, variants: list[str], progress: Progress = no_progress) -> dict[str, Path]:
    """Convert the student of a run.

    A variant whose file was made from this very student and data already is kept, so that the same call after a kill
    makes the others.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        variants: names of `convert.variants.VARIANTS`.
        progress: called as `progress(stage, done, total)`.

    Returns:
        Release file by variant, in `artifacts/<run>/`.

    Raises:
        UnusableInput: no student, another data set, or an unknown variant.
        CheckFailed: the converter's result is not what was asked for.
    """
    wanted = find_variants(variants)
    run.remove_abandoned()
    student_file = student_of(run, manifest)
    recipe, classes = convert_recipe(run), classes_of(manifest)
    key = json.loads(
        json.dumps(
            {
                "student_sha256": sha256_of(student_file),
                "meta_sha256": manifest.sha256,
                "classes": classes,
                "options": {name: part for name, part in to_mapping(recipe).items() if name not in OF_JUDGEMENT},
                "release_format": RELEASE_FORMAT,
                "version": version("skin-distill"),
            }
        )
    )
    paths = {variant.name: run.artifacts / f"student-{variant.name}.tflite" for variant in wanted}
    known = run.read_report().get("convert", {})
    made = known.get("variants", {}) if known.get("key") == key else {}
    todo = [v for v in wanted if not _is_current(paths[v.name], made.get(v.name))]
    if not todo:
        log.info("convert: the files of run '%s' are current", run.name)
        run.record_weights()  # a kill may have come before this
        return paths
    from distill.model_file import load_model

    student = load_model(student_file)
    crop = run.read_config()["distill"]["crop_fraction"]
    cache = run.root / "artifacts" / "pixels"
    card = _card(run, manifest, student, key["student_sha256"], crop, cache, recipe.abstain_below, progress)
    calibrated, ranges, representative, chosen = student, None, None, {}
    if any(variant.calibrated or variant.weight_only for variant in todo):
        representative, chosen = _representative(manifest, student, crop, cache, recipe.representative, progress)
    if any(variant.calibrated for variant in todo):
        calibrated = on_fast_path(student)
        ranges = ranges_of(calibrated, representative)
    learnt: dict[str, tuple[Any, dict[str, Any]]] = {}
    for variant in todo:
        if variant.training and variant.training not in learnt:
            begin = calibrated if variant.calibrated else student
            learnt[variant.training] = train_further(
                variant.training, recipe, run, manifest, begin, key["student_sha256"], ranges, progress
            )
    for number, variant in enumerate(todo):
        progress("convert", number, len(todo))
        begun = time.perf_counter()
        model = calibrated if variant.calibrated else student
        if variant.training:
            model, training = learnt[variant.training]
        card_of_file = _card_of(card, variant, run)
        flatbuffer = with_metadata(to_flatbuffer(model, variant, ranges, representative), card_of_file)
        release = pack_model(flatbuffer, card_of_file)
        write_bytes(paths[variant.name], release)
        made[variant.name] = {
            "bytes": len(release),
            "deflated_bytes": len(zlib.compress(release, 9)),
            "sha256": sha256_of(paths[variant.name]),
            "operators": Flatbuffer(flatbuffer).operator_counts(),
            "xnnpack": asdict(delegate_partitions(flatbuffer)),
            "seconds": round(time.perf_counter() - begun, 1),
            **({"representative": chosen} if variant.calibrated or variant.weight_only else {}),
            **({"training": training} if variant.training else {}),
        }
        log.info("convert: %s, %.2f MB", paths[variant.name].name, len(release) / 1e6)
        run.update_report("convert", {"key": key, "variants": made, "thresholds": card["thresholds"],
                                      "temperature": card["temperature"]})  # fmt: skip
    progress("convert", len(todo), len(todo))
    run.record_weights()
    return paths


def student_of(run: RunFolder, manifest: Any) -> Path:
    """Return the student's file; raise UnusableInput if there is none or it was trained on other splits."""
    path = run.artifacts / "student.keras"
    config = run.read_config()
    if not path.is_file():
        raise UnusableInput(
            f"Run '{run.name}' has no student. Looked for: {path}. Make one with `skin-distill distill`."
        )
    if config["data"]["meta_sha256"] != manifest.sha256:
        raise UnusableInput(
            f"The student of run '{run.name}' was trained on another split of the data, so its test photos may be "
            f"training photos here. Received: {manifest.path}. Use the meta.csv that it was trained with."
        )
    if not (distilled := run.read_report().get("distill")):
        raise UnusableInput(
            f"The student of run '{run.name}' is not finished. Received: {run.report_path}. Run its `skin-distill "
            "distill` again; it goes on from where it was."
        )
    manifest.check_classes(distilled["test"]["confusion"]["classes"], f"The student of run '{run.name}'")
    return path


def classes_of(manifest: Any) -> list[dict[str, str]]:
    """Return a card's `classes`: id, name and urgency of each, in the order of the model's outputs."""
    return [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in manifest.taxonomy.classes]


def _is_current(path: Path, entry: Mapping[str, Any] | None) -> bool:
    return entry is not None and path.is_file() and sha256_of(path) == entry["sha256"]


def _card(
    run: RunFolder,
    manifest: Any,
    student: Any,
    student_sha256: str,
    crop: float,
    cache: Path,
    abstain_below: float,
    progress: Progress,
) -> dict[str, Any]:
    """The part of the card that all variants share; temperature and thresholds come from the validation split."""
    from skin_data.pixels import load_pixels
    from skin_training.color_calibration import ccm_of
    from skin_training.predict import predict

    size = student.input_shape[1]
    frame = manifest.split("val")
    probabilities, _ = predict(student, load_pixels(manifest, frame, size, crop, cache, progress))
    position = {name: number for number, name in enumerate(manifest.taxonomy.ids)}
    labelled = frame["diagnosis"].notna().to_numpy()
    truth = frame.loc[labelled, "diagnosis"].map(position).to_numpy(int)
    temperature = fit_temperature(truth, probabilities[labelled])
    urgent = np.array([c.urgency == "urgent" for c in manifest.taxonomy.classes])
    score = scale_by_temperature(probabilities[labelled], temperature)[:, urgent].sum(axis=1)
    is_urgent, threshold = urgent[truth], urgent_threshold(urgent[truth], score)
    matrix, bias = ccm_of(student)
    return {
        "format": CARD_FORMAT,
        "classes": classes_of(manifest),
        "color_calibration": {"matrix": matrix.tolist(), "bias": bias.tolist()},
        "temperature": temperature,
        "thresholds": {
            "fitted_on": "the float student, validation split",
            "urgent": threshold,
            "urgent_sensitivity": float(np.mean(score[is_urgent] >= threshold)) if is_urgent.any() else None,
            "abstain_below": abstain_below,
            "well_lit": 0.5,
        },
        "input": {"size": size, "crop_fraction": crop},
        "synthetic": manifest.synthetic,
        "data": {"dataset": manifest.dataset, "meta_sha256": manifest.sha256},
        "lineage": {
            "student_run": run.name,
            "student_sha256": student_sha256,
            "teacher_run": run.read_config()["teacher_run"],
            "teacher_sha256": run.read_report()["distill"]["key"]["teacher_sha256"],
        },
        "per_tone": {
            "measured_on": "the float student, test split",
            **{
                tone: {"n": part["n"], "accuracy": part["diagnosis"]["accuracy"]}
                for tone, part in run.read_report()["distill"]["test"]["per_tone"].items()
            },
        },
        "not_measured": list(NOT_MEASURED),
        "licence": LICENCE,
    }


def _card_of(card: Mapping[str, Any], variant: Variant, run: RunFolder) -> dict[str, Any]:
    return {
        **card,
        "name": f"{run.name}-{variant.name}",
        "variant": variant.name,
        "input": {**card["input"], "dtype": variant.input_dtype},
    }


def _representative(
    manifest: Any, student: Any, crop: float, cache: Path, recipe: RepresentativeRecipe, progress: Progress
) -> tuple[np.ndarray, dict[str, Any]]:
    from skin_data.pixels import load_pixels

    frame = manifest.split("train")
    rows = choose_representative(frame, recipe.count, seed=0)
    everything = load_pixels(manifest, frame, student.input_shape[1], crop, cache, progress)
    pixels = np.stack([everything[row] for row in rows])
    kept, dropped = screen_outliers(student, pixels, recipe.outlier_ratio)
    chosen = frame.iloc[rows]
    counted = chosen.iloc[kept]
    return pixels[kept], {
        "split": "train",
        "count": len(kept),
        "outlier_ratio": recipe.outlier_ratio,
        "dropped": [
            {"photo": Path(chosen.iloc[d["row"]]["image_path"]).name, "layer": d["layer"], "ratio": d["ratio"]}
            for d in dropped
        ],
        "by_class": counted["diagnosis"].value_counts().to_dict(),
        "by_tone": counted["tone_bucket"].value_counts().to_dict(),
    }
