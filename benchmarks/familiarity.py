"""Compare ways to tell photos like the training photos from others, on what one model sees.

    python -m benchmarks.familiarity STUDENT.keras --data META.csv [--outliers NAME=FOLDER ...] [--groups FILE ...]
        [--json FILE]

Each method refuses photos whose score is below that of 5 % of the validation photos. The first table has the refused
fraction of the test photos and of each kind of other picture, with 95 % intervals, and the area under the ROC curve
against the test photos. Each kind is split in two halves: a method is chosen by the first ones ("chosen by"), the table
is of the second ones. One head also sees the first halves. Drawn pictures are other ones than those of the fit.

The second table has the refused fraction of groups of photos, and by how many points more than in the other groups of
its kind: the test photos by tone and Fitzpatrick type, these also with the validation photos, which the limit alone
has seen; and the column `group` of CSV files that name photos in their column `photo`, such as those of other clinics.

What the model sees is kept in `artifacts/familiarity`: a second run, or one that was stopped, goes on there.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pandas import concat
from scipy.special import logsumexp, softmax
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from benchmarks.console import run_script
from convert.making.familiarity import (
    DRAWN,
    LEAVES,
    PHOTOS,
    SHUFFLED,
    Seen,
    fit,
    head_layers,
    seen_with,
    spread,
    with_darker,
)
from distill.model_file import load_model
from skin_data.manifest import read_manifest
from skin_data.outliers import drawn_pictures, outliers_to_fit, shuffled
from skin_data.pixels import load_pixels
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.evaluate import FITZPATRICK_GROUPS, true_classes
from skin_training.familiarity import METHOD, METHODS, WITH_HEAD, Familiarity, outlier_head, unit
from triage.atomic import replacing, sha256_of, write_json
from triage.crop import CROP
from triage.errors import UnreadablePhoto, UnusableInput
from triage.photo import prepare_pixels, read_photo

if TYPE_CHECKING:
    import pandas as pd
    import tf_keras as keras

REFUSED = 0.05
NEIGHBOURS = 10
PICTURES, SEED = 120, 1
"""Drawn pictures of each kind, and their seed."""
PLAIN = "maximum probability"
HEAD, INFORMED = "head against drawn pictures", "as in files, having seen half of the outliers"

ARTIFACTS = Path("artifacts")

See = Callable[[np.ndarray], tuple[Seen, np.ndarray]]
"""From uint8 [n, size, size, 3] to what a model sees, and its logits."""
Score = Callable[[Seen, np.ndarray], np.ndarray]


def read_photos(paths: Iterable[Path], size: int, source: Path) -> np.ndarray:
    """Read the readable ones of some photos as the model sees them, uint8 [n, size, size, 3].

    Raises:
        UnusableInput: there are fewer than two; the message names their source.
    """
    found = []
    for path in paths:
        try:
            found.append(prepare_pixels(read_photo(path), size))
        except UnreadablePhoto:
            continue
    if len(found) < 2:
        raise UnusableInput(f"A group needs at least two photos that can be read. Received: {len(found)} in {source}.")
    return np.stack(found)


def read_groups(path: Path) -> dict[str, list[Path]]:
    """Return the photos of a CSV file by its column `group`.

    Raises:
        UnusableInput: the file or a column is missing.
    """
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"--groups must be CSV files. Received: {path}: {error}.") from error
    if not rows or not {"photo", "group"} <= rows[0].keys():
        raise UnusableInput(f"--groups needs rows with the columns photo and group. Received: {path}.")
    found: dict[str, list[Path]] = {}
    for row in rows:
        found.setdefault(row["group"], []).append(path.parent / row["photo"])
    return found


def scores(train: Seen, classes: np.ndarray, val: Seen, outliers: Seen, first_halves: list[Seen]) -> dict[str, Score]:
    """Return functions of what a model sees and its logits by method; larger is more familiar.

    Args:
        train: of training photos.
        classes: int [n] of these.
        val: of validation photos.
        outliers: of the pictures that heads are fitted against.
        first_halves: of other pictures, for the head that may see them.
    """
    found: dict[str, Score] = {
        PLAIN: lambda seen, logits: softmax(logits, axis=1).max(axis=1),
        "energy": lambda seen, logits: logsumexp(logits, axis=1),
    }
    for name, method in METHODS.items():
        found[name] = partial(_distance, method(train.features, classes), False)
        found[f"{name}, deviations"] = partial(_distance, method(train.deviations, classes), True)
    for name, of_deviations in (("", False), (", deviations", True)):
        nearest = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(unit(_of(train, of_deviations)))
        found[f"{NEIGHBOURS} nearest photos{name}"] = partial(_nearest, nearest, of_deviations)
    if train.maps:
        head = outlier_head(train.maps, outliers.maps)
        found[HEAD] = lambda seen, logits: head.score(seen.maps)
        more = _joined([outliers, *first_halves])
        for name, against in ((WITH_HEAD, outliers), (INFORMED, more)):
            whole = fit(train, classes, val, against)
            found[name] = partial(_fraction, whole)
    return found


def _distance(fitted: Familiarity, of_deviations: bool, seen: Seen, logits: np.ndarray) -> np.ndarray:
    return fitted.score(_of(seen, of_deviations))


def _nearest(fitted: NearestNeighbors, of_deviations: bool, seen: Seen, logits: np.ndarray) -> np.ndarray:
    return np.asarray(-fitted.kneighbors(unit(_of(seen, of_deviations)))[0][:, -1])


def _of(seen: Seen, deviations: bool) -> np.ndarray:
    return seen.deviations if deviations else seen.features


def _fraction(fitted: Familiarity, seen: Seen, logits: np.ndarray) -> np.ndarray:
    return seen.fraction(fitted)


def _joined(parts: Sequence[Seen]) -> Seen:
    maps = {layer: np.concatenate([part.maps[layer] for part in parts]) for layer in parts[0].maps}
    features, deviations = (np.concatenate([_of(part, each) for part in parts]) for each in (False, True))
    return Seen(features, deviations, maps)


def with_limits(refused: np.ndarray) -> dict[str, float]:
    """Return the fraction of True in bool [n], its Wilson interval of 95 %, and n."""
    count = int(refused.sum())
    interval = binomtest(count, len(refused)).proportion_ci(method="wilson")
    return {"value": count / len(refused), "low": interval.low, "high": interval.high, "n": len(refused)}


def more_refused(refused: np.ndarray, others: np.ndarray) -> dict[str, float]:
    """Return by how much the fraction of True in bool [n] is above that in bool [m], with Newcombe's interval of 95 %.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10.
    """
    own, rest = with_limits(refused), with_limits(others)
    difference = own["value"] - rest["value"]
    below = np.hypot(own["value"] - own["low"], rest["high"] - rest["value"])
    above = np.hypot(own["high"] - own["value"], rest["value"] - rest["low"])
    return {"value": difference, "low": difference - float(below), "high": difference + float(above)}


def kinds_of_skin(frame: "pd.DataFrame") -> list[dict[str, np.ndarray]]:
    """Return the rows, bool [n], of each tone, of each Fitzpatrick type, and of groups of types."""
    tones, types = (frame[column].fillna("").astype(str).to_numpy() for column in ("tone_bucket", "fitzpatrick"))
    found = [
        {f"tone {tone}": tones == tone for tone in sorted({*tones} - {""})},
        {f"type {kind}": types == kind for kind in sorted({*types} - {""})},
        {f"types {name}": np.isin(types, group) for name, group in FITZPATRICK_GROUPS.items()},
    ]
    return [{name: rows for name, rows in kinds.items() if rows.any()} for kinds in found]


def refused_by_skin(refused: np.ndarray, frame: "pd.DataFrame", name: str) -> dict[str, Any]:
    """Return the fraction of True in bool [n] by tone and type of the rows, which are called `name`."""
    found: dict[str, Any] = {}
    for kinds in kinds_of_skin(frame):
        everywhere = np.any(list(kinds.values()), axis=0) if kinds else np.zeros(len(frame), bool)
        for kind, rows in kinds.items():
            found[f"{name}, {kind}"] = with_limits(refused[rows])
            if (others := everywhere & ~rows).any():
                found[f"{name}, {kind}"]["more"] = more_refused(refused[rows], refused[others])
    return found


def compare(
    model_path: Path,
    data: Path,
    folders: Mapping[str, Path],
    tables: Iterable[Path] = (),
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Measure every method.

    Returns:
        `in_files`, the name of the method that `convert` uses, and `methods`: name to `chosen_by`, `test` and, by kind,
        `refused` and `auc`, and by group `groups` and `group_auc`.
    """
    model, manifest = load_model(model_path), read_manifest(data)
    size = model.input_shape[1]
    see = _kept(_seen_with_logits(model), f"{sha256_of(model_path)} deviations {head_layers(model)}")
    frames = {split: manifest.split(split) for split in ("train", "val", "test")}
    frames["train"] = frames["train"].sample(min(len(frames["train"]), PHOTOS), random_state=0)
    pixels = {
        split: load_pixels(manifest, frame, size, CROP, ARTIFACTS / "pixels", progress)
        for split, frame in frames.items()
    }
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    familiar, classes = with_darker(pixels["train"], classes)
    photos = {"train": see(familiar), "val": see(pixels["val"]), "test": see(pixels["test"])}
    pictures = {**drawn_pictures(PICTURES, size, SEED), "shuffled photos": shuffled(pixels["test"][:PICTURES], SEED)}
    for name, folder in folders.items():
        pictures[name] = read_photos(sorted(p for p in folder.rglob("*") if p.is_file()), size, folder)
    others = {}
    for number, (name, values) in enumerate(pictures.items()):
        others[name] = see(values[::2]), see(values[1::2])
        progress("other pictures", number + 1, len(pictures))
    groups = {
        name: see(read_photos(paths, size, table)) for table in tables for name, paths in read_groups(table).items()
    }
    some = pixels["train"][spread(len(pixels["train"]), SHUFFLED)]
    outliers = see(outliers_to_fit(some, LEAVES, DRAWN))[0]
    first_halves = [first[0] for first, _ in others.values()]
    functions = scores(photos["train"][0], classes, photos["val"][0], outliers, first_halves)
    both = concat([frames["val"], frames["test"]])
    methods: dict[str, Any] = {}
    for number, (name, function) in enumerate(functions.items()):
        val, test = function(*photos["val"]), function(*photos["test"])
        limit = np.quantile(val, REFUSED)
        first = {kind: function(*halves[0]) for kind, halves in others.items()}
        second = {kind: function(*halves[1]) for kind, halves in others.items()}
        grouped = {group: function(*seen) for group, seen in groups.items()}
        methods[name] = {
            "chosen_by": float(np.mean([(values < limit).mean() for values in first.values()])),
            "test": with_limits(test < limit),
            "refused": {kind: with_limits(values < limit) for kind, values in second.items()},
            "auc": {kind: _auc(test, values) for kind, values in second.items()},
            "groups": {
                **refused_by_skin(test < limit, frames["test"], "test"),
                **refused_by_skin(np.concatenate([val, test]) < limit, both, "validation and test"),
                **{group: with_limits(values < limit) for group, values in grouped.items()},
            },
            "group_auc": {group: _auc(test, values) for group, values in grouped.items()},
        }
        progress("methods", number + 1, len(functions))
    in_files = WITH_HEAD if WITH_HEAD in functions else METHOD
    lineage = {"model": model_path.name, "meta_sha256": manifest.sha256, "target": REFUSED}
    return {**lineage, "in_files": in_files, "methods": methods}


def _kept(see: See, what_sees: str) -> See:
    """Return a function that keeps what was seen in `artifacts/familiarity`, by what sees and the pixels."""

    def kept(pixels: np.ndarray) -> tuple[Seen, np.ndarray]:
        digest = sha256(what_sees.encode() + str(pixels.shape).encode())
        for start in range(0, len(pixels), 256):
            digest.update(pixels[start : start + 256].tobytes())
        path = ARTIFACTS / "familiarity" / f"{digest.hexdigest()[:24]}.npz"
        if not path.is_file():
            seen, logits = see(pixels)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary, open(temporary, "wb") as file:
                maps: dict[str, Any] = {f"map_{layer}": values for layer, values in seen.maps.items()}
                np.savez(file, logits=logits, features=seen.features, deviations=seen.deviations, **maps)
        with np.load(path) as found:
            maps = {name.removeprefix("map_"): found[name] for name in found.files if name.startswith("map_")}
            return Seen(found["features"], found["deviations"], maps), found["logits"]

    return kept


def _seen_with_logits(model: "keras.Model") -> See:
    see = seen_with(model, ["diagnosis_logits"])

    def both(pixels: np.ndarray) -> tuple[Seen, np.ndarray]:
        seen, (logits,) = see(pixels)
        return seen, logits

    return both


def _auc(test: np.ndarray, others: np.ndarray) -> float:
    return float(roc_auc_score(np.repeat([1, 0], [len(test), len(others)]), np.concatenate([test, others])))


def main() -> None:
    """Compare, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--outliers", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--groups", action="append", default=[], type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if wrong := [text for text in options.outliers if not text.partition("=")[2]]:
        raise UnusableInput(f"--outliers must be NAME=FOLDER. Received: {wrong[0]}.")
    folders = {name: Path(folder) for name, _, folder in (text.partition("=") for text in options.outliers)}
    report = compare(options.model, options.data, folders, options.groups, _say)
    methods, in_files = report["methods"], report["in_files"]
    kinds = list(methods[in_files]["refused"])
    print(f"| method | chosen by | test photos | {' | '.join(kinds)} |\n|---{'|---' * (len(kinds) + 2)}|")
    for name, found in methods.items():
        cells = [f"{_cell(found['refused'][kind])}, AUC {found['auc'][kind]:.3f}" for kind in kinds]
        label = f"**{name}** (as in files)" if name == in_files else name
        print(f"| {label} | {found['chosen_by']:.1%} | {_cell(found['test'])} | {' | '.join(cells)} |")
    print(f"\n| refused | {in_files} | points more than the others | {PLAIN} |\n|---|---|---|---|")
    for group, found in methods[in_files]["groups"].items():
        plain = methods[PLAIN]
        own, other = (
            f", AUC {each['group_auc'][group]:.3f}" if group in each["group_auc"] else ""
            for each in (methods[in_files], plain)
        )
        print(f"| {group} | {_cell(found)}{own} | {_points(found)} | {_cell(plain['groups'][group])}{other} |")
    if options.json:
        write_json(options.json, report)


def _say(stage: str, done: int, total: int) -> None:
    if done == total:
        print(f"familiarity: {stage}, {total} done", file=sys.stderr, flush=True)


def _points(metric: Mapping[str, Any]) -> str:
    if "more" not in metric:
        return ""
    value, low, high = (100 * metric["more"][key] for key in ("value", "low", "high"))
    return f"{value:+.1f} ({low:.1f} to {high:.1f})"


def _cell(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.1%} ({metric['low']:.1%} to {metric['high']:.1%}, n = {metric['n']})"


if __name__ == "__main__":
    run_script(main)
