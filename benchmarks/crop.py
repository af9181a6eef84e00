"""Compare crops: one small label-only model for each, trained and tested alike.

    python -m benchmarks.crop --data META.csv --out DIR [--masks DIR] [--crops squashed-0.8,square-1,spot]
        [--seeds 42,43] [--size 128] [--views 10000] [--epochs 3] [--weights FILE] [--json FILE]

Each model is a MobileNetV3-Small whose layers up to stride 16 keep their ImageNet weights, so that a training takes
minutes; the upper ones and the head learn from augmented views of the training photos and their labels alone.

Crops are `squashed-F`, `square-F`, `letterbox-F` with F the fraction that is kept, and `spot`: the square around the
lesion with a margin, where masks tell its box, else the whole centre square. The table has balanced accuracy on the
validation split, which chooses, and on the test split: whole photos; the same shifted, so that what was in the middle
lies off centre; and cut to 16:9. Differences from the first crop are paired by photo, with 95 % intervals by bootstrap
over groups; predictions of several seeds count as runs of one model. `looked at again` is the model of the first square
crop on the squares around the lesions. A stopped command goes on where it was.
"""

import argparse
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pandas as pd

from benchmarks.console import run_script, with_interval
from skin_data.manifest import Manifest, read_manifest
from skin_data.statistics import balanced_accuracy
from skin_data.views import ViewRecipe, apply_views, draw_views
from skin_training.evaluation.evaluate import true_classes
from skin_training.evaluation.paired import paired_gain
from triage.atomic import replacing, write_json
from triage.crop import Box, Crop, square_around
from triage.errors import UnusableInput
from triage.interpreter import Interpreter, open_interpreter
from triage.photo import Photo, cut, prepare_pixels, read_photo, resize_pixels
from triage.spot import MARGIN

SPOT = "spot"
CROPS = ("squashed-0.8", "square-1", "square-0.8", "letterbox-1", SPOT)
SHIFTED = 0.7
"""Sides of the shifted view: what was in the middle of the photo lies at 0.29 or 0.71 of the view."""
WIDE = 16 / 9
AGAIN = "looked at again"
MIDDLE = "expanded_conv_7/Add"
"""The network's last layer of stride 16."""
MOST_VIEWS = 12
"""Of a photo, so that small data sets do not overfit as fast."""
BATCH, DROPOUT, LEARNING_RATE = 64, 0.2, 5e-4
VIEWS = ViewRecipe(zoom=(0.8, 1.35))

Boxes = Mapping[str, tuple[float, float, float, float]]
"""Lesion's left, top, right and bottom by the photo's name without its ending, fractions of the photo."""


class Settings(NamedTuple):
    """Of every training: weights of the lower layers, input side, drawn views of all photos together, and epochs."""

    weights: str
    size: int
    views: int
    epochs: int


class View(NamedTuple):
    """A part of a photo and the lesion's box in it, pixels from its own top left corner, if it is known."""

    pixels: Photo
    lesion: Box | None


def whole(photo: Photo, _: int) -> Box:
    """Return the whole photo."""
    return 0, 0, photo.shape[1], photo.shape[0]


def shifted(photo: Photo, number: int) -> Box:
    """Return a part in one of the four corners."""
    height, width = photo.shape[:2]
    kept_width, kept_height = round(SHIFTED * width), round(SHIFTED * height)
    return (width - kept_width) * (number & 1), (height - kept_height) * (number >> 1 & 1), kept_width, kept_height


def wide(photo: Photo, number: int) -> Box:
    """Return the largest part of 16:9 around the middle, upright for every other photo."""
    height, width = photo.shape[:2]
    ratio = WIDE if number & 1 else 1 / WIDE
    kept_width, kept_height = min(width, round(height * ratio)), min(height, round(width / ratio))
    return (width - kept_width) // 2, (height - kept_height) // 2, kept_width, kept_height


TESTS: dict[str, Callable[[Photo, int], Box]] = {"test": whole, "off centre": shifted, "16:9": wide}


def mask_boxes(folder: Path) -> Boxes:
    """Return the box of every mask of a folder; masks are named as the photos, at times with `_segmentation`.

    Raises:
        UnusableInput: there is none.
    """
    found = {}
    for path in sorted(folder.glob("*.png")):
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if mask is None or not (mask > 127).any():
            continue
        left, top, width, height = cv2.boundingRect((mask > 127).astype(np.uint8))
        down, across = mask.shape
        name = path.stem.removesuffix("_segmentation")
        found[name] = (left / across, top / down, (left + width) / across, (top + height) / down)
    if not found:
        raise UnusableInput(f"There are no masks. Received: {folder}. Give a folder of PNG masks, white on black.")
    return found


def view_of_photo(photo: Photo, box: Box, lesion: tuple[float, float, float, float] | None) -> View:
    """Cut a part out of a photo, and the lesion's box with it; a lesion that is left out is unknown."""
    left, top, width, height = box
    if lesion is None:
        return View(cut(photo, box), None)
    across, down = photo.shape[1], photo.shape[0]
    x0, x1 = (min(max(round(at * across) - left, 0), width) for at in lesion[::2])
    y0, y1 = (min(max(round(at * down) - top, 0), height) for at in lesion[1::2])
    inside = x1 > x0 and y1 > y0
    return View(cut(photo, box), (x0, y0, x1 - x0, y1 - y0) if inside else None)


def prepared(view: View, crop: str, size: int) -> Photo:
    """Return the model's input, uint8 [size, size, 3], of a view in a crop of `CROPS`' kind."""
    pixels, lesion = view
    if crop != SPOT:
        return prepare_pixels(pixels, size, parse_crop(crop))
    if lesion is None:
        return prepare_pixels(pixels, size, Crop("square", 1.0))
    left, top, width, height = lesion
    center = left + width / 2, top + height / 2
    square = square_around(center, max(width, height) * (1 + 2 * MARGIN), pixels.shape[1], pixels.shape[0])
    return resize_pixels(cut(pixels, square), size, size)


def parse_crop(text: str) -> Crop:
    """Return the crop of a text such as `square-0.8`.

    Raises:
        UnusableInput: it is none.
    """
    shape, _, fraction = text.partition("-")
    try:
        return Crop(shape, float(fraction or 1))
    except ValueError as error:
        raise UnusableInput(f"A crop is a shape and a fraction, such as square-0.8. Received: {text!r}.") from error


def pixels_of(
    frame: pd.DataFrame, manifest: Manifest, part: Callable[[Photo, int], Box], crop: str, size: int, boxes: Boxes
) -> np.ndarray:
    """Return the model's input, uint8 [n, size, size, 3], of a part of each photo."""
    paths = manifest.photo_paths(frame)
    found = np.empty((len(paths), size, size, 3), np.uint8)
    for row, path in enumerate(paths):
        photo = read_photo(path)
        box = part(photo, zlib.crc32(path.name.encode()))
        found[row] = prepared(view_of_photo(photo, box, boxes.get(path.stem)), crop, size)
    return found


def split_network(weights: str, size: int) -> tuple[Interpreter, Callable[[int], Any]]:
    """Split MobileNetV3-Small at its last feature map of stride 16.

    Returns:
        The lower part, from a photo to `features` [1, size / 16, size / 16, 48]; and a function that makes a fresh
        classifier of such maps for a number of classes, with the upper part's weights.
    """
    import tensorflow as tf
    import tf_keras as keras

    from distill.backbones.mobilenet_v3_small import load_weights, mobilenet_v3_small

    image = keras.Input((size, size, 3))
    network = keras.Model(image, mobilenet_v3_small(image, batch_norm_momentum=0.98))
    if weights != "none":
        load_weights(network, weights)
    middle = network.get_layer(MIDDLE).output
    lower, upper = keras.Model(image, middle), keras.Model(middle, network.output)
    pretrained = upper.get_weights()

    @tf.function(input_signature=[tf.TensorSpec((1, size, size, 3), tf.float32, name="image")])
    def serve(photo: Any) -> Any:
        return {"features": lower(2 * photo - 1, training=False)}

    holder = tf.Module()
    holder.weights = list(lower.weights)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], holder)

    def classifier(classes: int) -> Any:
        upper.set_weights(pretrained)
        features = keras.Input(middle.shape[1:])
        x = keras.layers.GlobalAveragePooling2D()(upper(features))
        x = keras.layers.Dense(128, "relu")(keras.layers.Dropout(DROPOUT)(x))
        return keras.Model(features, keras.layers.Dense(classes, "softmax")(keras.layers.Dropout(DROPOUT)(x)))

    # LiteRT is several times faster than Keras here.
    return open_interpreter(converter.convert(), 1), classifier


def features_of(pixels: np.ndarray, lower: Interpreter) -> np.ndarray:
    """Return the feature maps of prepared pixels, float16 [n, size / 16, size / 16, 48]."""
    return np.stack([lower.run(photo)["features"][0].astype(np.float16) for photo in pixels])


def views_of(pixels: np.ndarray, count: int, lower: Interpreter, seed: int) -> np.ndarray:
    """Return the feature maps of `count` augmented views of each photo, one view of all photos after the other."""
    found = []
    for view in range(count):
        for start in range(0, len(pixels), BATCH):
            rows = np.arange(start, min(start + BATCH, len(pixels)))
            shown = apply_views(*draw_views(pixels[rows], VIEWS, seed, rows, np.full(len(rows), view))[:2])
            found.append(features_of(np.asarray(255 * shown, np.float32).round().astype(np.uint8), lower))
    return np.concatenate(found)


def train(model: Any, features: np.ndarray, classes: np.ndarray, epochs: int) -> Any:
    """Train a classifier of feature maps on int [n] classes, balanced by their frequency; return it."""
    import tf_keras as keras

    present, counts = np.unique(classes, return_counts=True)
    weights = {int(c): len(classes) / (len(present) * n) for c, n in zip(present, counts, strict=True)}
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, epochs * -(-len(classes) // BATCH))
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(features, classes, BATCH, epochs, verbose=2, class_weight=weights)
    return model


class Measurement(NamedTuple):
    """The models of one crop: probabilities float32 [seeds, n, classes] by split or test."""

    crop: str
    predictions: dict[str, np.ndarray]


def measure(
    manifest: Manifest, crops: Sequence[str], seeds: Sequence[int], boxes: Boxes, out: Path, settings: Settings
) -> list[Measurement]:
    """Train a model for every crop and seed, unless its predictions are there already; return all predictions."""
    import tf_keras as keras

    frames = {name: manifest.split(name) for name in ("train", "val", "test")}
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    rows = np.flatnonzero(classes >= 0)
    count = int(np.clip(settings.views // len(rows), 1, MOST_VIEWS))
    key = hashlib.sha256(repr((manifest.sha256, settings, sorted(boxes))).encode()).hexdigest()[:12]
    found, network = [], None
    for crop in (crop for crop in crops if crop != SPOT or boxes):
        files = {seed: out / f"{manifest.dataset}-{key}-{crop}-{seed}.npz" for seed in seeds}
        if not all(file.is_file() for file in files.values()):
            network = network or split_network(settings.weights, settings.size)
            lower, classifier = network

            def pixels(split: str, part: Callable[[Photo, int], Box] = whole, crop: str = crop) -> np.ndarray:
                return pixels_of(frames[split], manifest, part, crop, settings.size, boxes)

            training = views_of(pixels("train")[rows], count, lower, seed=0)
            shown = {"val": pixels("val"), **{name: pixels("test", part) for name, part in TESTS.items()}}
            if boxes and crop.startswith("square"):
                shown |= {f"{name}, {AGAIN}": pixels("test", part, SPOT) for name, part in TESTS.items()}
            maps = {name: features_of(each, lower) for name, each in shown.items()}
            for seed, file in files.items():
                keras.utils.set_random_seed(seed)
                model = train(
                    classifier(len(manifest.taxonomy.ids)), training, np.tile(classes[rows], count), settings.epochs
                )
                file.parent.mkdir(parents=True, exist_ok=True)
                with replacing(file) as temporary, open(temporary, "wb") as stream:
                    np.savez(stream, **{name: model.predict(each, BATCH, verbose=0) for name, each in maps.items()})
        runs = [np.load(file) for file in files.values()]
        found.append(Measurement(crop, {name: np.stack([run[name] for run in runs]) for name in runs[0].files}))
    return found


def compare(manifest: Manifest, found: Sequence[Measurement], boxes: Boxes) -> dict[str, Any]:
    """Return validation and test metrics of every crop, and paired differences from the first."""
    ids = manifest.taxonomy.ids
    frames = {name: manifest.split(name) for name in ("val", "test")}
    truth = {name: true_classes(frame, ids) for name, frame in frames.items()}

    def score(predictions: np.ndarray, split: str) -> float:
        labelled = truth[split] >= 0
        each = [balanced_accuracy(truth[split][labelled], p.argmax(axis=1)[labelled], len(ids)) for p in predictions]
        return float(np.mean(each))

    first, crops = found[0], {}
    rows = [(each.crop, each, "") for each in found]
    again = next((each for each in found if f"test, {AGAIN}" in each.predictions), None)
    if again:
        rows.append((f"{again.crop}, {AGAIN}", again, f", {AGAIN}"))
    for name, each, suffix in rows:
        tests = {}
        for test in TESTS:
            predictions = each.predictions[test + suffix]
            gain = paired_gain(manifest, frames["test"], predictions, first.predictions[test])["balanced_accuracy"]
            tests[test] = {"balanced_accuracy": score(predictions, "test"), "gain": gain}
        crops[name] = {"validation": None if suffix else score(each.predictions["val"], "val"), **tests}
    with_box = [path.stem in boxes for path in manifest.photo_paths(frames["test"])]
    return {
        "data": manifest.dataset,
        "meta_sha256": manifest.sha256,
        "test_photos": len(frames["test"]),
        "with_box": int(np.sum(with_box)),
        "seeds": len(first.predictions["val"]),
        "crops": crops,
    }


def main() -> None:
    """Train, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="meta.csv of `skin-distill prepare`")
    parser.add_argument("--out", type=Path, required=True, help="folder of the predictions")
    parser.add_argument("--masks", type=Path, help="folder of lesion masks named as the photos")
    parser.add_argument("--crops", default=",".join(CROPS), help="the first is compared with (default: %(default)s)")
    parser.add_argument("--seeds", default="42,43", help="a model for each (default: %(default)s)")
    parser.add_argument("--size", type=int, default=128, help="input side in pixels (default: %(default)s)")
    parser.add_argument("--views", type=int, default=10_000, help="of all training photos (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=3, help="over all views (default: %(default)s)")
    parser.add_argument("--weights", default="imagenet", help="imagenet, none or a file (default: %(default)s)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings = Settings(options.weights, options.size, options.views, options.epochs)
    manifest, boxes = read_manifest(options.data), mask_boxes(options.masks) if options.masks else {}
    crops, seeds = options.crops.split(","), [int(part) for part in options.seeds.split(",")]
    found = measure(manifest, crops, seeds, boxes, options.out, settings)
    report = compare(manifest, found, boxes)
    print(f"{report['data']}: {report['test_photos']} test photos, {report['with_box']} of them with a known box, "
          f"{report['seeds']} seeds, {settings.size} px")  # fmt: skip
    print(f"| crop | validation | {' | '.join(TESTS)} |\n|---|---|{'---|' * len(TESTS)}")
    for crop, row in report["crops"].items():
        cells = [f"{row[test]['balanced_accuracy']:.3f}, {with_interval(row[test]['gain'])}" for test in TESTS]
        validation = "" if row["validation"] is None else f"{row['validation']:.3f}"
        print(f"| {crop} | {validation} | {' | '.join(cells)} |")
    if options.json:
        write_json(options.json, report)


if __name__ == "__main__":
    run_script(main)
