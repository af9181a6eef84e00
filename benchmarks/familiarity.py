"""Compare ways to tell photos like the training photos from others, on the features of one model.

    python -m benchmarks.familiarity STUDENT.keras --data META.csv [--outliers NAME=FOLDER ...] [--json FILE]

Each method refuses the photos whose score is below that of 5 % of the validation photos. The table has the refused
fraction of the test photos and of each kind of other picture, with 95 % intervals, and the area under the ROC curve
against the test photos. Each kind is split in two halves: a method is chosen by the first ones ("chosen by"), the table
is of the second ones. Trained heads see training photos against drawn pictures and shuffled training photos,
and one of them also against the first halves.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler

from benchmarks.console import run_script
from skin_data.manifest import read_manifest
from skin_data.pixels import load_pixels
from skin_data.progress import no_progress
from skin_training.evaluation.evaluate import true_classes
from skin_training.familiarity import METHODS
from triage.atomic import write_json
from triage.crop import CROP, Crop
from triage.errors import UnreadablePhoto, UnusableInput
from triage.photo import prepare_pixels, read_photo

REFUSED = 0.05
NEIGHBOURS = 10
DRAWN = 120
"""Drawn pictures of each kind: the first half may be trained on, the second is measured."""
TRAINING_PHOTOS = 3000

Scores = dict[str, np.ndarray]


def drawn_pictures(size: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Draw noise, plain colours and textures, uint8 [DRAWN, size, size, 3] each."""
    generator = np.random.default_rng(seed)
    shape = (DRAWN, size, size, 3)
    textures = []
    for _ in range(DRAWN):
        field = cv2.GaussianBlur(generator.standard_normal((size, size, 3)), (0, 0), float(generator.uniform(0.8, 8)))
        textures.append(generator.uniform(60, 200, 3) + field / field.std() * generator.uniform(15, 60))
    return {
        "noise": generator.integers(0, 256, shape).astype(np.uint8),
        "plain colours": np.broadcast_to(generator.integers(0, 256, (DRAWN, 1, 1, 3)), shape).astype(np.uint8),
        "textures": np.clip(np.stack(textures), 0, 255).astype(np.uint8),
    }


def shuffled(pixels: np.ndarray, seed: int = 0, parts: int = 4) -> np.ndarray:
    """Cut photos into `parts` x `parts` tiles and shuffle these, uint8 [n, size, size, 3]."""
    generator, tile = np.random.default_rng(seed), pixels.shape[1] // parts
    cut = np.array(pixels[:, : tile * parts, : tile * parts])
    tiles = cut.reshape(len(cut), parts, tile, parts, tile, 3).swapaxes(2, 3).reshape(len(cut), -1, tile, tile, 3)
    mixed = np.stack([each[generator.permutation(parts * parts)] for each in tiles])
    whole = mixed.reshape(len(cut), parts, parts, tile, tile, 3).swapaxes(2, 3).reshape(cut.shape)
    return np.stack([cv2.resize(photo, pixels.shape[2:0:-1], interpolation=cv2.INTER_AREA) for photo in whole])


def read_folder(folder: Path, size: int, crop: Crop) -> np.ndarray:
    """Read the photos of a folder as the model sees them, uint8 [n, size, size, 3], in the order of their names.

    Raises:
        UnusableInput: there are fewer than two.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            found.append(prepare_pixels(read_photo(path), size, crop))
        except UnreadablePhoto:
            continue
    if len(found) < 2:
        raise UnusableInput(f"Outliers need at least two photos in their folder. Received: {len(found)} in {folder}.")
    return np.stack(found)


def score(fit: Mapping[str, np.ndarray], classes: np.ndarray, others: Mapping[str, tuple[np.ndarray, ...]]) -> Any:
    """Return functions from (features, logits) to scores by method; larger is more familiar.

    Args:
        fit: features of the training photos under "train", of shuffled ones under "shuffled".
        classes: int [n] of the training photos.
        others: features of the first and of the second half by kind.
    """
    train = fit["train"]
    found: dict[str, Any] = {
        "maximum probability": lambda x, logits: _softmax(logits).max(axis=1),
        "energy": lambda x, logits: (
            np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)) + logits.max(axis=1)
        ),
    }
    for name, method in METHODS.items():
        fitted = method(train, classes)
        found[name] = lambda x, logits, fitted=fitted: fitted.score(x)
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(_unit(train))
    found[f"{NEIGHBOURS} nearest neighbours"] = lambda x, logits: -neighbours.kneighbors(_unit(x))[0][:, -1]
    drawn = [halves[0] for name, halves in others.items() if name in drawn_pictures(1)]
    for name, negative in (
        ("head against drawn and shuffled", drawn),
        ("head against these and outliers", [halves[0] for halves in others.values()]),
    ):
        outliers = np.concatenate([*negative, fit["shuffled"]])
        scaler = StandardScaler().fit(train)
        head = LogisticRegression(C=0.01, max_iter=500, class_weight="balanced").fit(
            scaler.transform(np.concatenate([train, outliers])), np.repeat([1, 0], [len(train), len(outliers)])
        )
        found[name] = lambda x, logits, scaler=scaler, head=head: head.decision_function(scaler.transform(x))
    return found


def with_limits(refused: np.ndarray) -> dict[str, float]:
    """Return the fraction of True in bool [n], its Wilson interval of 95 %, and n."""
    count = int(refused.sum())
    interval = binomtest(count, len(refused)).proportion_ci(method="wilson")
    return {"value": count / len(refused), "low": interval.low, "high": interval.high, "n": len(refused)}


def compare(model_path: Path, data: Path, folders: Mapping[str, Path]) -> dict[str, Any]:
    """Measure every method; returns `methods`: name to `chosen_by`, `test` and, by kind, `refused` and `auc`."""
    import tf_keras as keras

    from distill.model_file import load_model

    model, manifest = load_model(model_path), read_manifest(data)
    size, crop = model.input_shape[1], CROP
    both = keras.Model(model.input, [model.get_layer(name).output for name in ("features", "diagnosis_logits")])

    def seen(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [
            both(np.asarray(pixels[i : i + 64], np.float32) / 255, training=False) for i in range(0, len(pixels), 64)
        ]
        return np.concatenate([p[0].numpy() for p in parts]), np.concatenate([p[1].numpy() for p in parts])

    frames = {split: manifest.split(split) for split in ("train", "val", "test")}
    frames["train"] = frames["train"].sample(min(len(frames["train"]), TRAINING_PHOTOS), random_state=0)
    cache = Path("artifacts") / "pixels"
    pixels = {split: load_pixels(manifest, f, size, crop, cache, no_progress) for split, f in frames.items()}
    photos = {split: seen(values) for split, values in pixels.items()}
    pictures = {**drawn_pictures(size), **{name: read_folder(folder, size, crop) for name, folder in folders.items()}}
    others = {name: (seen(values[::2]), seen(values[1::2])) for name, values in pictures.items()}
    fit = {"train": photos["train"][0], "shuffled": seen(shuffled(pixels["train"][:600]))[0]}
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    functions = score(fit, classes, {name: (a[0], b[0]) for name, (a, b) in others.items()})
    tones = frames["test"]["tone_bucket"].astype(str).to_numpy()
    methods: dict[str, Any] = {}
    for name, function in functions.items():
        limit = np.quantile(function(*photos["val"]), REFUSED)
        test = function(*photos["test"])
        first = {kind: function(*halves[0]) for kind, halves in others.items()}
        second = {kind: function(*halves[1]) for kind, halves in others.items()}
        methods[name] = {
            "chosen_by": float(np.mean([(values < limit).mean() for values in first.values()])),
            "test": with_limits(test < limit),
            "per_tone": {tone: with_limits(test[tones == tone] < limit) for tone in sorted(set(tones))},
            "refused": {kind: with_limits(values < limit) for kind, values in second.items()},
            "auc": {
                kind: float(roc_auc_score(np.repeat([1, 0], [len(test), len(v)]), np.concatenate([test, v])))
                for kind, v in second.items()
            },
        }
    return {"model": model_path.name, "meta_sha256": manifest.sha256, "target": REFUSED, "methods": methods}


def main() -> None:
    """Compare, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--outliers", action="append", default=[], metavar="NAME=FOLDER")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if wrong := [text for text in options.outliers if not text.partition("=")[2]]:
        raise UnusableInput(f"--outliers must be NAME=FOLDER. Received: {wrong[0]}.")
    folders = {name: Path(folder) for name, _, folder in (text.partition("=") for text in options.outliers)}
    report = compare(options.model, options.data, folders)
    kinds = list(next(iter(report["methods"].values()))["refused"])
    print(f"| method | chosen by | test photos | {' | '.join(kinds)} |\n|---{'|---' * (len(kinds) + 2)}|")
    for name, found in report["methods"].items():
        cells = [f"{_cell(found['refused'][kind])}, AUC {found['auc'][kind]:.3f}" for kind in kinds]
        print(f"| {name} | {found['chosen_by']:.1%} | {_cell(found['test'])} | {' | '.join(cells)} |")
    if options.json:
        write_json(options.json, report)


def _cell(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.1%} ({metric['low']:.1%} to {metric['high']:.1%}, n = {metric['n']})"


def _unit(features: np.ndarray) -> np.ndarray:
    return np.asarray(features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9))


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


if __name__ == "__main__":
    run_script(main)
