"""What measurements that train by changed recipes share: their arguments, and the picture of what a change gains."""

import argparse
import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from skin_data.manifest import Manifest
from skin_data.oversampling import photo_repeats
from skin_training.plotting import BLUE, GREEN, ORANGE, RED, bars_with_intervals, saved_plot
from skin_training.recipe import read_recipe
from triage.errors import UnusableInput

Recipe = TypeVar("Recipe")


def add_recipe_arguments(parser: argparse.ArgumentParser, config: Path, out: Path) -> None:
    """Add the recipe, what wins over it, the data and the folder of the runs, with these defaults."""
    parser.add_argument("--config", type=Path, default=config, help="a recipe (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="meta.csv of `skin-distill prepare`")
    parser.add_argument("--weights", help="imagenet, none or a file; wins over the recipe's")
    parser.add_argument("--seed", type=int, help="wins over the recipe's")
    parser.add_argument("--out", type=Path, default=out)


def add_names_argument(parser: argparse.ArgumentParser, known: Collection[str]) -> None:
    """Add the choice of what is compared."""
    parser.add_argument("--only", default=",".join(known), help=f"out of {', '.join(known)}")


def chosen_names(options: argparse.Namespace, known: Collection[str], what: str) -> list[str]:
    """Return the names that `--only` lists.

    Raises:
        UnusableInput: one is not known; `what` says of what kind they are.
    """
    names = options.only.split(",")
    if unknown := set(names) - set(known):
        raise UnusableInput(f"Unknown {what}. Received: {', '.join(unknown)}. Known: {', '.join(known)}.")
    return names


def recipe_given(options: argparse.Namespace, section: str, kind: type[Recipe]) -> Recipe:
    """Return a section of the recipe, with the weights and the seed of the command line."""
    recipe: Any = read_recipe(options.config, section, kind)[0]
    given = {"weights": options.weights, "seed": options.seed}
    return dataclasses.replace(recipe, **{key: value for key, value in given.items() if value is not None})


def for_as_many_steps(recipe: Recipe, share: float) -> Recipe:
    """Change every phase so that it has about the steps that it has where each training photo stands once in an epoch.

    Args:
        recipe: of a teacher or a student.
        share: photos of an epoch over those of the whole split: below 1 for a part, above for one oversampled.
    """
    whole: Any = recipe
    phases = tuple(
        dataclasses.replace(p, epochs=max(1, round(p.epochs / share)), patience=round(p.patience / share))
        for p in whole.phases
    )
    return dataclasses.replace(whole, phases=phases)


def with_fewer_epochs_if_oversampled(recipe: Recipe, manifest: Manifest) -> Recipe:
    """Take out epochs where they are longer because photos stand in them more than once: about as many steps remain."""
    whole: Any = recipe
    frame = manifest.split("train")
    repeats = photo_repeats(frame["diagnosis"], frame["tone_bucket"], whole.most_repeats)
    return for_as_many_steps(recipe, float(repeats.mean()))


def draw_gains(path: Path, recipe: Any, names: list[str], gains: Mapping[str, list[Any]], meaning: str) -> None:
    """Draw gains with their intervals, some bars for each name, as PNG.

    Args:
        path: of the picture.
        recipe: what was changed; the title says its backbone, size and seed.
        names: of the changes.
        gains: label of a kind of bar to its figures, one for each name; up to four.
        meaning: of the horizontal axis.
    """
    width = 0.8 / len(gains)
    title = f"{recipe.backbone}, {recipe.input_size} px, seed {recipe.seed}"
    with saved_plot(path, title, (8, 1.6 + 0.225 * len(gains) * len(names))) as axes:
        bars = zip(gains.items(), (BLUE, ORANGE, GREEN, RED), strict=False)
        for number, ((label, figures), color) in enumerate(bars):
            places = np.arange(len(names)) + (number - (len(gains) - 1) / 2) * width
            bars_with_intervals(axes, places, figures, width, color, label)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel(f"{meaning}, test split, 95 % intervals")
        axes.legend(frameon=False, ncols=len(gains), fontsize=9, loc="lower left", bbox_to_anchor=(0, 1))
