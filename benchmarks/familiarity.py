"""Compare ways to tell photos like the training photos from others, on what one model sees.

    python -m benchmarks.familiarity STUDENT.keras --data META.csv [--outliers NAME=FOLDER ...] [--groups FILE ...]
        [--json FILE]

Each method refuses photos whose score is below that of 5 % of the validation photos. The first table has the refused
fraction of the test photos and of each kind of other picture, with 95 % intervals, and the area under the ROC curve
against the test photos. Each kind is split in two halves: a method is chosen by the first ones ("chosen by"), the table
is of the second ones. One head also sees the first halves. Drawn pictures are other ones than those of the fit.

The second table has the refused fraction of groups of photos, such as those of other clinics: of the test photos by
tone, and of the column `group` of CSV files that name photos beside them in their column `photo`.
"""

import argparse
import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import logsumexp, softmax
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from benchmarks.console import run_script
from convert.making.familiarity import DRAWN, LEAVES, PHOTOS, SHUFFLED, Seen, fit, head_layers
from distill.model_file import load_model
from skin_data.manifest import read_manifest
from skin_data.outliers import drawn_pictures, outliers_to_fit, shuffled
from skin_data.pixels import load_pixels
from skin_data.progress import no_progress
from skin_training.evaluation.evaluate import true_classes
from skin_training.familiarity import METHODS, WITH_HEAD, Familiarity, outlier_head, unit
from skin_training.predict import keras_forward
from triage.atomic import write_json
from triage.crop import CROP
from triage.errors import UnreadablePhoto, UnusableInput
from triage.photo import prepare_pixels, read_photo

if TYPE_CHECKING:
    import tf_keras as keras

REFUSED = 0.05
NEIGHBOURS = 10
PICTURES, SEED = 120, 1
"""Drawn pictures of each kind, and their seed."""
HEAD, INFORMED = "head against drawn pictures", "as in files, having seen half of the outliers"

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
        "maximum probability": lambda seen, logits: softmax(logits, axis=1).max(axis=1),
        "energy": lambda seen, logits: logsumexp(logits, axis=1),
    }
    for name, method in METHODS.items():
        fitted = method(train.features, classes)
        found[name] = partial(_distance, fitted)
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(unit(train.features))
    found[f"{NEIGHBOURS} nearest neighbours"] = lambda seen, logits: (
        -neighbours.kneighbors(unit(seen.features))[0][:, -1]
    )
    if train.maps:
        head = outlier_head(train.maps, outliers.maps)
        found[HEAD] = lambda seen, logits: head.score(seen.maps)
        more = _joined([outliers, *first_halves])
        for name, against in ((WITH_HEAD, outliers), (INFORMED, more)):
            whole = fit(train, classes, val, against)
            found[name] = partial(_fraction, whole)
    return found


def _distance(fitted: Familiarity, seen: Seen, logits: np.ndarray) -> np.ndarray:
    return fitted.score(seen.features)


def _fraction(fitted: Familiarity, seen: Seen, logits: np.ndarray) -> np.ndarray:
    return seen.fraction(fitted)


def _joined(parts: Sequence[Seen]) -> Seen:
    maps = {layer: np.concatenate([part.maps[layer] for part in parts]) for layer in parts[0].maps}
    return Seen(np.concatenate([part.features for part in parts]), maps)


def with_limits(refused: np.ndarray) -> dict[str, float]:
    """Return the fraction of True in bool [n], its Wilson interval of 95 %, and n."""
    count = int(refused.sum())
    interval = binomtest(count, len(refused)).proportion_ci(method="wilson")
    return {"value": count / len(refused), "low": interval.low, "high": interval.high, "n": len(refused)}


def compare(model_path: Path, data: Path, folders: Mapping[str, Path], tables: Iterable[Path] = ()) -> dict[str, Any]:
    """Measure every method.

    Returns:
        `methods`: name to `chosen_by`, `test` and, by kind, `refused` and `auc`, and by group `groups` and `group_auc`.
    """
    model, manifest = load_model(model_path), read_manifest(data)
    size = model.input_shape[1]
    see = _seen_with_logits(model)
    frames = {split: manifest.split(split) for split in ("train", "val", "test")}
    frames["train"] = frames["train"].sample(min(len(frames["train"]), PHOTOS), random_state=0)
    cache = Path("artifacts") / "pixels"
    pixels = {split: load_pixels(manifest, f, size, CROP, cache, no_progress) for split, f in frames.items()}
    photos = {split: see(values) for split, values in pixels.items()}
    pictures = {**drawn_pictures(PICTURES, size, SEED), "shuffled photos": shuffled(pixels["test"][:PICTURES], SEED)}
    for name, folder in folders.items():
        pictures[name] = read_photos(sorted(p for p in folder.rglob("*") if p.is_file()), size, folder)
    others = {name: (see(values[::2]), see(values[1::2])) for name, values in pictures.items()}
    groups = {
        name: see(read_photos(paths, size, table)) for table in tables for name, paths in read_groups(table).items()
    }
    outliers = see(outliers_to_fit(pixels["train"][:SHUFFLED], LEAVES, DRAWN))[0]
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    first_halves = [first[0] for first, _ in others.values()]
    functions = scores(photos["train"][0], classes, photos["val"][0], outliers, first_halves)
    tones = frames["test"]["tone_bucket"].astype(str).to_numpy()
    methods: dict[str, Any] = {}
    for name, function in functions.items():
        limit = np.quantile(function(*photos["val"]), REFUSED)
        test = function(*photos["test"])
        first = {kind: function(*halves[0]) for kind, halves in others.items()}
        second = {kind: function(*halves[1]) for kind, halves in others.items()}
        grouped = {group: function(*seen) for group, seen in groups.items()}
        by_tone = {f"test, {tone}": test[tones == tone] for tone in sorted(set(tones))}
        methods[name] = {
            "chosen_by": float(np.mean([(values < limit).mean() for values in first.values()])),
            "test": with_limits(test < limit),
            "refused": {kind: with_limits(values < limit) for kind, values in second.items()},
            "auc": {kind: _auc(test, values) for kind, values in second.items()},
            "groups": {group: with_limits(values < limit) for group, values in {**by_tone, **grouped}.items()},
            "group_auc": {group: _auc(test, values) for group, values in grouped.items()},
        }
    return {"model": model_path.name, "meta_sha256": manifest.sha256, "target": REFUSED, "methods": methods}


def _seen_with_logits(model: "keras.Model") -> Callable[[np.ndarray], tuple[Seen, np.ndarray]]:
    import tf_keras as keras

    layers = head_layers(model)
    outputs = [model.get_layer(name).output for name in ("diagnosis_logits", "features", *layers)]
    pooled = [keras.layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x for x in outputs]
    forward = keras_forward(keras.Model(model.input, pooled))

    def see(pixels: np.ndarray) -> tuple[Seen, np.ndarray]:
        batches = [forward(np.ascontiguousarray(pixels[i : i + 64])) for i in range(0, len(pixels), 64)]
        logits, features, *means = (
            np.concatenate([np.asarray(p) for p in part]) for part in zip(*batches, strict=True)
        )
        return Seen(features, dict(zip(layers, means, strict=True))), logits

    return see


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
    report = compare(options.model, options.data, folders, options.groups)
    kinds = list(next(iter(report["methods"].values()))["refused"])
    print(f"| method | chosen by | test photos | {' | '.join(kinds)} |\n|---{'|---' * (len(kinds) + 2)}|")
    for name, found in report["methods"].items():
        cells = [f"{_cell(found['refused'][kind])}, AUC {found['auc'][kind]:.3f}" for kind in kinds]
        print(f"| {name} | {found['chosen_by']:.1%} | {_cell(found['test'])} | {' | '.join(cells)} |")
    groups = list(next(iter(report["methods"].values()))["groups"])
    print(f"\n| method | {' | '.join(groups)} |\n|---{'|---' * len(groups)}|")
    for name, found in report["methods"].items():
        aucs = {group: f", AUC {auc:.3f}" for group, auc in found["group_auc"].items()}
        print(f"| {name} | {' | '.join(_cell(found['groups'][g]) + aucs.get(g, '') for g in groups)} |")
    if options.json:
        write_json(options.json, report)


def _cell(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.1%} ({metric['low']:.1%} to {metric['high']:.1%}, n = {metric['n']})"


if __name__ == "__main__":
    run_script(main)
