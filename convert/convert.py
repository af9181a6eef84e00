"""Convert a run's student into release files."""

import dataclasses
import logging
import time
import zlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from convert.flatbuffer import Flatbuffer
from convert.making.familiarity import fit_familiarity, head_layers, seen_by_file, with_familiarity
from convert.making.fine_tuning import fine_tune
from convert.making.light_measures import METHOD as LIGHT_METHOD
from convert.making.light_measures import add_light_measures
from convert.making.representative import load_representative
from convert.making.source import Source, make_flatbuffer
from convert.making.spot import map_layer, with_spot
from convert.making.spot_fit import METHOD as SPOT_METHOD
from convert.making.spot_fit import boxes_sha256, fit_spot, fit_spot_head
from convert.packing.card import card_of_file, card_of_student
from convert.packing.metadata import with_metadata
from convert.recipe import ConvertRecipe, convert_recipe
from convert.student import find_student
from convert.variants import find_variants
from convert.variants.variant import Variant
from convert.verifying.partitions import delegate_partitions
from distill.model_file import load_model
from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.decisions import card_classes
from skin_training.familiarity import WITH_HEAD
from skin_training.recipe import to_mapping
from skin_training.run_folder import RunFolder
from triage.atomic import sha256_of, write_bytes
from triage.lighting import FEATURE_NAMES
from triage.model_file import RELEASE_FORMAT, pack_model

log = logging.getLogger("skin_distill")

QUANTIZATION = "equalized, biases corrected, ranges learned in training"
"""How integer files are made: another way makes files anew."""


def convert(
    run: RunFolder, manifest: Manifest, variants: Sequence[str], progress: Progress = no_progress
) -> dict[str, Path]:
    """Convert the student of a run.

    A file that was made from this student, data and recipe is kept, so that the same call after a kill makes the
    missing ones.

    Args:
        run: of the student.
        manifest: the data set that it was trained on.
        variants: names in `convert.variants.VARIANTS`.
        progress: called as `progress(stage, done, total)`.

    Returns:
        Release file by variant, in `artifacts/<run>/`.

    Raises:
        UnusableInput: no student, another data set, or an unknown variant.
        CheckFailed: a fine-tuning diverged, or the converter's file is not what the variant promises.
    """
    selected = find_variants(variants)
    student_file, recipe = find_student(run, manifest), convert_recipe(run)
    student_sha256 = sha256_of(student_file)
    paths = {variant.name: run.artifacts / f"student-{variant.name}.tflite" for variant in selected}
    with run.stage("convert", _key(student_sha256, manifest, recipe), incremental=True) as stage:
        entries: dict[str, dict[str, Any]] = stage.report.get("variants", {})
        stale = [v for v in selected if not _is_current(v, paths[v.name], entries.get(v.name), recipe)]
        if not stale:
            log.info("convert: the files of run '%s' are up to date", run.name)
            stage.finish()
            return paths
        source = _source(student_file, run, manifest, recipe, progress)
        shared = card_of_student(run, manifest, source.student, student_sha256, recipe.abstain_below, progress)
        for name, why in shared["thresholds"]["not_fitted"].items():
            log.warning("convert: %s is not fitted: %s", name, why)
        spot = fit_spot(source.student, student_sha256, run, manifest, progress)
        for number, variant in enumerate(stale):
            progress("convert", number, len(stale))
            model, made_from, training, own_spot = variant.start(source), source, None, spot
            if tuning := variant.fine_tuning:
                options = recipe.options_of(tuning)
                model, ranges, training = fine_tune(
                    tuning, options, model, source, student_sha256, run, manifest, progress
                )
                made_from = source.with_ranges(ranges) if ranges else source
                # Features moved with the weights: the head of the float student would look at others.
                own_spot = spot and fit_spot_head(model, run, manifest, progress)
            begun, card = time.perf_counter(), card_of_file(shared, run, variant)
            if own_spot:
                card["spot"] = own_spot[1]
            flatbuffer = make_flatbuffer(variant, made_from, model)
            fitted, card["familiarity"] = fit_familiarity(
                seen_by_file(flatbuffer, head_layers(source.student), progress),
                card["input"]["size"],
                run,
                manifest,
                progress,
            )
            flatbuffer = with_familiarity(flatbuffer, fitted)
            flatbuffer, light = add_light_measures(flatbuffer, card["input"]["size"], run, manifest, progress)
            if light:
                card["light"] = light
            if own_spot:
                flatbuffer = with_spot(flatbuffer, own_spot[0], str(map_layer(source.student)))
            flatbuffer = with_metadata(flatbuffer, card)
            write_bytes(paths[variant.name], pack_model(flatbuffer, card))
            entries[variant.name] = _entry(variant, paths[variant.name], flatbuffer, begun, source, training)
            stage.save({
                "variants": entries, "thresholds": shared["thresholds"], "temperature": shared["temperature"],
            })  # fmt: skip
            log.info("convert: %s, %.2f MB", paths[variant.name].name, entries[variant.name]["bytes"] / 1e6)
        progress("convert", len(stale), len(stale))
        stage.finish()
    return paths


def _source(
    student_file: Path, run: RunFolder, manifest: Manifest, recipe: ConvertRecipe, progress: Progress
) -> Source:
    student, photos = load_model(student_file), recipe.representative
    return Source(
        student,
        lambda: load_representative(manifest, student, run, photos.count, photos.outlier_ratio, progress),
    )


def _key(student_sha256: str, manifest: Manifest, recipe: ConvertRecipe) -> dict[str, Any]:
    """What every file depends on; the options of a fine-tuning are kept with its variant's entry."""
    return {
        "student_sha256": student_sha256,
        "meta_sha256": manifest.sha256,
        "classes": card_classes(manifest.taxonomy.classes),
        "options": recipe.shared_options(),
        "release_format": RELEASE_FORMAT,
        "quantization": QUANTIZATION,
        "familiarity": WITH_HEAD,
        "spot": f"{SPOT_METHOD} {boxes_sha256(manifest)}",
        "light_measures": [*FEATURE_NAMES, LIGHT_METHOD],
        "version": version("skin-distill"),
    }


def _is_current(variant: Variant, path: Path, entry: dict[str, Any] | None, recipe: ConvertRecipe) -> bool:
    if entry is None or not path.is_file() or sha256_of(path) != entry["sha256"]:
        return False
    tuning = variant.fine_tuning
    return tuning is None or entry["training"]["recipe"] == to_mapping(recipe.options_of(tuning))


def _entry(
    variant: Variant, path: Path, flatbuffer: bytes, begun: float, source: Source, training: dict[str, Any] | None
) -> dict[str, Any]:
    release = path.read_bytes()
    entry: dict[str, Any] = {
        "bytes": len(release),
        "deflated_bytes": len(zlib.compress(release, 9)),
        "sha256": sha256_of(path),
        "operators": Flatbuffer(flatbuffer).operator_counts(),
        "xnnpack": dataclasses.asdict(delegate_partitions(flatbuffer)),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    if variant.uses_photos:
        entry["representative"] = source.representative.summary
    if training:
        entry["training"] = training
    return entry
