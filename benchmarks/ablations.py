"""What each part of a teacher's training is worth: the same recipe again without it, photo by photo.

    python -m benchmarks.ablations --data META.csv [--config FILE] [--weights FILE] [--only NAME,NAME] [--seed 42]
        [--out ablations]

Each variant differs from the recipe in one thing and has about as many steps. All answer the test photos as they are,
under two colour casts, and in bad light of the kinds that training draws, from another seed. Intervals are 95 %, by
paired bootstrap over groups. The runs stand under `--out`; a stopped measurement goes on with the same command.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.changed_light import Change, tinted
from benchmarks.console import ProgressLines, run_script, with_interval
from benchmarks.recipe_comparison import (
    add_names_argument,
    add_recipe_arguments,
    chosen_names,
    draw_gains,
    recipe_given,
    with_fewer_epochs_if_oversampled,
)
from distill.model_file import load_model
from distill.worth import paired_gain
from skin_data.manifest import Manifest, read_manifest
from skin_data.phantom.camera import encode
from skin_data.pixels import load_pixels
from skin_data.progress import Progress
from skin_data.relighting import relight, relighting_parameters
from skin_training.evaluation import evaluate
from skin_training.predict import predict
from skin_training.recipe import Phase, TeacherRecipe, to_mapping
from skin_training.run_folder import RunFolder
from teacher.train import train_teacher
from triage.atomic import write_json
from triage.skin_color import LINEAR

RECIPE = Path("configs/ablation.yaml")
WHOLE, AS_THEY_ARE = "whole", "as they are"
LIGHT_SEED = 777
MOST_REPEATS = 4
PLAIN_RATE = 1e-3


def _without_ccm(recipe: TeacherRecipe) -> TeacherRecipe:
    """Keep the colour calibration at the identity; its phase trains the heads for as long."""

    def frozen(phase: Phase) -> Phase:
        trains = "heads" if phase.trains == "ccm" else phase.trains
        return dataclasses.replace(phase, trains=trains, frozen_ccm=trains != "heads")

    return dataclasses.replace(recipe, phases=tuple(frozen(phase) for phase in recipe.phases))


def _plain(recipe: TeacherRecipe) -> TeacherRecipe:
    """Train everything at once for as many epochs; those on stored features, which are cheap, are left out."""
    epochs = sum(phase.epochs for phase in recipe.phases if not phase.fixed_views)
    return dataclasses.replace(recipe, phases=(Phase("plain", "all", epochs, PLAIN_RATE),))


def _oversampled(recipe: TeacherRecipe) -> TeacherRecipe:
    """Show rare classes and tones up to four times in an epoch, in place of class weights."""
    return dataclasses.replace(recipe, class_weights="none", most_repeats=MOST_REPEATS)


def _unweighted(recipe: TeacherRecipe) -> TeacherRecipe:
    """Let every photo count the same."""
    return dataclasses.replace(recipe, class_weights="none")


def _without_bad_light(recipe: TeacherRecipe) -> TeacherRecipe:
    """Show no view in bad light."""
    return dataclasses.replace(recipe, views=dataclasses.replace(recipe.views, bad_light=0.0))


VARIANTS: dict[str, Callable[[TeacherRecipe], TeacherRecipe]] = {
    WHOLE: lambda recipe: recipe,
    "without-ccm": _without_ccm,
    "plain-fine-tuning": _plain,
    "oversampling": _oversampled,
    "unweighted": _unweighted,
    "without-bad-light": _without_bad_light,
}
"""The recipe and what is compared with it, but for the number of epochs (`variant_of`)."""

CASTS: dict[str, Change] = {
    "warm light": tinted(3000, 5500),
    "cool light": tinted(12000, 5500),
}
"""Light of one colour temperature under a white balance for another, in kelvin."""


def variant_of(recipe: TeacherRecipe, name: str, manifest: Manifest) -> TeacherRecipe:
    """Return a variant with about the steps of the whole recipe."""
    return with_fewer_epochs_if_oversampled(VARIANTS[name](recipe), manifest)


def lights(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Return photos as they are and in other light, by name; each uint8 [n, size, size, 3]."""
    count = len(pixels)
    faults = relighting_parameters(1.0, LIGHT_SEED, np.arange(count), np.zeros(count, np.int64))
    casts = {name: np.stack([encode(change(LINEAR[photo])) for photo in pixels]) for name, change in CASTS.items()}
    return {AS_THEY_ARE: pixels, **casts, "bad light": relight(pixels, faults)}


def measure(
    recipe: TeacherRecipe, manifest: Manifest, names: list[str], root: Path, progress: Progress
) -> dict[str, Any]:
    """Train the variants and compare each with the whole recipe.

    Args:
        recipe: the whole.
        manifest: the data set.
        names: out of `VARIANTS`; the whole is trained in any case.
        root: of the runs.
        progress: called as `progress(stage, done, total)`.

    Returns:
        By variant and light: `accuracy`, `balanced_accuracy` and `lighting_auc`, figures with intervals; `per_tone`,
        accuracies; and but for the whole `worth`, what the whole recipe gains over the variant (`paired_gain`).
    """
    frame = manifest.split("test")
    cache = root / "artifacts" / "pixels"
    shown = lights(np.asarray(load_pixels(manifest, frame, recipe.input_size, recipe.crop_fraction, cache, progress)))
    found: dict[str, Any] = {}
    of_whole: dict[str, np.ndarray] = {}
    for name in dict.fromkeys([WHOLE, *names]):
        run = RunFolder(f"{name}-{recipe.seed}", root)
        train_teacher(variant_of(recipe, name, manifest), manifest, run, progress)
        model = load_model(run.artifacts / "teacher.keras")
        found[name] = {}
        for light, photos in shown.items():
            diagnosis, lighting = predict(model, photos, progress=progress, stage=f"{name}: {light}")
            report = evaluate(manifest, frame, diagnosis, lighting)
            figures = {key: report["diagnosis"][key] for key in ("accuracy", "balanced_accuracy")}
            if light == AS_THEY_ARE:
                figures["lighting_auc"] = report["lighting"]["auc"]
                figures["per_tone"] = {tone: part["diagnosis"]["accuracy"] for tone, part in report["per_tone"].items()}
            if name == WHOLE:
                of_whole[light] = diagnosis
            else:
                figures["worth"] = paired_gain(manifest, frame, of_whole[light], diagnosis)
            found[name][light] = figures
    return found


def draw(path: Path, recipe: TeacherRecipe, found: dict[str, Any]) -> None:
    """Draw what the whole recipe gains over each variant in balanced accuracy, by light, as PNG."""
    names = [name for name in found if name != WHOLE]
    gains = {light: [found[name][light]["worth"]["balanced_accuracy"] for name in names] for light in found[WHOLE]}
    draw_gains(path, recipe, names, gains, "balanced accuracy of the whole recipe less that of the variant")


def main() -> None:
    """Train, print the figures, and write them as JSON and PNG."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_recipe_arguments(parser, RECIPE, Path("ablations"))
    add_names_argument(parser, VARIANTS)
    options = parser.parse_args()
    names, recipe = chosen_names(options, VARIANTS, "variant"), recipe_given(options, "teacher", TeacherRecipe)
    found = measure(recipe, read_manifest(options.data), names, options.out, ProgressLines())
    write_json(options.out / f"ablations-{recipe.seed}.json", {"recipe": to_mapping(recipe), "variants": found})
    draw(options.out / f"ablations-{recipe.seed}.png", recipe, found)
    print(f"{'':18} {'':12} {'accuracy':22} {'balanced accuracy':22} gain of the whole recipe, balanced")
    for name, by_light in found.items():
        for light, figures in by_light.items():
            accuracy, balanced = (with_interval(figures[key]) for key in ("accuracy", "balanced_accuracy"))
            gain = with_interval(figures["worth"]["balanced_accuracy"]) if "worth" in figures else ""
            print(f"{name:18} {light:12} {accuracy:22} {balanced:22} {gain}")


if __name__ == "__main__":
    run_script(main)
