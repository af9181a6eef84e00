"""The output `familiarity` of a file: fitted on the file's own features, and added to its graph in float.

Features of a quantized file differ from those of the float student, so each file has a fit of its own. The operators
are appended to the finished graph: no quantizer sees them, and the other outputs stay the same to the bit.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from convert.flatbuffer import Flatbuffer, packed, unpacked
from convert.making.feature_maps import map_layers, map_of, pooled_map
from convert.making.graph import Graph
from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.darker import darker
from skin_data.outliers import outliers_to_fit
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.evaluate import true_classes
from skin_training.familiarity import (
    FRACTIONS,
    LARGEST_DISTANCE,
    LEAST_DISTANCE,
    METHOD,
    METHODS,
    TINY,
    WITH_HEAD,
    Familiarity,
    OutlierHead,
    outlier_head,
)
from triage.interpreter import open_interpreter
from triage.model_card import CardFamiliarity
from triage.outputs import FAMILIARITY

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_training.run_folder import RunFolder

REFUSE_BELOW = 0.05
"""Familiarity below which the app names nothing: one in twenty photos like those of the validation split."""
PHOTOS = 2000
"""At most so many training and validation photos are looked at."""
DARKER = 500
"""Copies of training photos with darker skin (`skin_data.darker`) that count as familiar, so that dark skin, which is
rare in most data sets, is not refused for that."""
LEAVES, SHUFFLED, DRAWN = 400, 200, 30
"""Outliers to fit the head against: dead leaves, shuffled training photos, noise, plain colours and textures (each)."""
HEAD_MAPS = 2
"""The head looks at so many of the deepest maps. Those above tell skin tones apart, and add nothing against things."""
DEVIATION = "/deviation"
"""Appended to a layer's name: the standard deviation over the places instead of the mean."""

Pixels = npt.NDArray[np.uint8]


class Seen(NamedTuple):
    """What a model sees in n pictures.

    Attributes:
        features: pooled, float32 [n, channels].
        deviations: standard deviations of what is pooled, float32 [n, channels].
        maps: by layer, the means of its feature map, float32 [n, channels]; with `DEVIATION` their deviations.
    """

    features: npt.NDArray[np.float32]
    deviations: npt.NDArray[np.float32]
    maps: dict[str, npt.NDArray[np.float32]]

    def fraction(self, fitted: Familiarity) -> npt.NDArray[np.float64]:
        """Return the pictures' familiarity, float64 [n]."""
        return fitted.fraction(self.deviations, self.maps)


See = Callable[[Pixels], Seen]


def head_layers(student: "keras.Model") -> list[str]:
    """Return the layers with the maps that the head looks at; none for a backbone without sums."""
    return map_layers(student)[-HEAD_MAPS:]


def fit_familiarity(
    see: See, size: int, run: "RunFolder", manifest: "Manifest", progress: Progress
) -> tuple[Familiarity, CardFamiliarity]:
    """Fit the familiarity on the training split, and its fractions on the validation split.

    Args:
        see: tells what the model sees in uint8 [n, size, size, 3]: `seen_by_file` or `seen_by_student`.
        size: of the input, pixels.
        run: of the student.
        manifest: the data set that it was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The fit and the card's section.
    """
    pixels, frames = {}, {}
    for split in ("train", "val"):
        frame = manifest.split(split)
        frames[split] = frame = frame.iloc[choose_representative(frame, PHOTOS, seed=0)]
        pixels[split] = load_student_pixels(run, manifest, frame, size, progress)
    familiar, classes = with_darker(pixels["train"], true_classes(frames["train"], manifest.taxonomy.ids))
    train, validation = see(familiar), see(pixels["val"])
    some = spread(len(pixels["train"]), SHUFFLED)
    outliers = see(outliers_to_fit(pixels["train"][some], LEAVES, DRAWN)) if train.maps else train
    fitted = fit(train, classes, validation, outliers)
    photos = {split: len(frame) for split, frame in frames.items()}
    method = WITH_HEAD if fitted.head else METHOD
    return fitted, {"method": method, "refuse_below": REFUSE_BELOW, "fitted_on": photos}


def with_darker(photos: Pixels, classes: np.ndarray) -> tuple[Pixels, np.ndarray]:
    """Return training photos, uint8 [n, size, size, 3], and their classes, int [n], and darker copies of some."""
    copied = spread(len(photos), DARKER)
    return np.concatenate([photos, darker(photos[copied])]), np.concatenate([classes, classes[copied]])


def spread(count: int, at_most: int) -> npt.NDArray[np.int64]:
    """Return numbers below a count, evenly spread, at most so many."""
    return np.linspace(0, count - 1, min(at_most, count)).astype(np.int64)


def fit(train: Seen, classes: np.ndarray, validation: Seen, outliers: Seen) -> Familiarity:
    """Fit the method of release files.

    Args:
        train: of training photos and darker copies.
        classes: int [n] of these; -1 without a class.
        validation: of validation photos.
        outliers: for the head, which is left out where the model has no maps.
    """
    distance = METHODS[METHOD](train.deviations, classes)
    head = outlier_head(train.maps, outliers.maps) if train.maps else None
    return replace(distance, head=head).with_fractions(validation.deviations, validation.maps)


def seen_by_file(flatbuffer: bytes, layers: Sequence[str], progress: Progress = no_progress) -> See:
    """Return a function that tells what a file's model sees, which has no output `familiarity` yet.

    Args:
        flatbuffer: the model of a student.
        layers: `head_layers` of the student.
        progress: called as `progress(stage, done, total)`.
    """
    model, parsed = unpacked(flatbuffer), Flatbuffer(flatbuffer)
    graph = Graph(model, FAMILIARITY)
    names = [name for layer in layers for name in (layer, layer + DEVIATION)]
    tensors = [*_statistics(graph, *pooled_map(parsed)), *_of_maps(graph, parsed, names)]
    graph.finish(graph.joined(*tensors))
    ends = np.cumsum([graph.width(tensor) for tensor in tensors])[:-1]
    interpreter = open_interpreter(packed(model), threads=2)

    def see(pixels: Pixels) -> Seen:
        found = []
        for number, photo in enumerate(pixels):
            found.append(interpreter.run(photo)[FAMILIARITY].reshape(-1))
            progress("familiarity", number + 1, len(pixels))
        parts = np.split(np.stack(found), ends, axis=1)
        return Seen(parts[0], parts[1], dict(zip(names, parts[2:], strict=True)))

    return see


def seen_by_student(student: "keras.Model", batch_size: int = 64) -> See:
    """Return a function that tells what a Keras student sees."""
    see = seen_with(student, [], batch_size)
    return lambda pixels: see(pixels)[0]


def seen_with(
    student: "keras.Model", others: Sequence[str], batch_size: int = 64
) -> Callable[[Pixels], tuple[Seen, list[np.ndarray]]]:
    """Return a function that tells what a Keras student sees, and the outputs of other layers."""
    import tensorflow as tf
    import tf_keras as keras

    from skin_training.predict import keras_forward

    layers = head_layers(student)
    names = [name for layer in layers for name in (layer, layer + DEVIATION)]
    outputs = []
    for x in (student.get_layer("features").input, *(student.get_layer(layer).output for layer in layers)):
        mean = tf.reduce_mean(x, [1, 2])
        outputs += [mean, tf.sqrt(tf.nn.relu(tf.reduce_mean(x * x, [1, 2]) - mean * mean) + TINY)]
    outputs += [student.get_layer(name).output for name in others]
    forward = keras_forward(keras.Model(student.input, outputs))

    def see(pixels: Pixels) -> tuple[Seen, list[np.ndarray]]:
        starts = range(0, len(pixels), batch_size)
        batches = [forward(np.ascontiguousarray(pixels[start : start + batch_size])) for start in starts]
        parts = [np.concatenate([np.asarray(p) for p in part]) for part in zip(*batches, strict=True)]
        end = 2 + len(names)
        return Seen(parts[0], parts[1], dict(zip(names, parts[2:end], strict=True))), parts[end:]

    return see


def _of_maps(graph: Graph, parsed: Flatbuffer, names: Sequence[str]) -> list[int]:
    """Return statistics of maps, [1, channels] each, by name."""
    found: dict[str, tuple[int, int]] = {}
    for layer in dict.fromkeys(name.removesuffix(DEVIATION) for name in names):
        found[layer] = _statistics(graph, map_of(parsed, layer))
    return [found[name.removesuffix(DEVIATION)][name.endswith(DEVIATION)] for name in names]


def _statistics(graph: Graph, tensor: int, pooled: int | None = None) -> tuple[int, int]:
    """Return mean and deviation of a map; where quantized, it is dequantized before. `pooled` may be the mean."""
    x = graph.in_float(tensor)
    mean = pooled if pooled is not None and graph.is_float(pooled) else graph.mean(x)
    return mean, graph.deviation(x, mean, TINY)


def with_familiarity(flatbuffer: bytes, fitted: Familiarity) -> bytes:
    """Return the model with the output `familiarity`, float32 [1, 1].

    Args:
        flatbuffer: the model of a student.
        fitted: with its map to fractions.
    """
    model, parsed = unpacked(flatbuffer), Flatbuffer(flatbuffer)
    graph = Graph(model, FAMILIARITY)
    x = _statistics(graph, *pooled_map(parsed))[1]
    length = graph.dense(graph.product(x, x), np.ones((graph.width(x), 1)), [TINY])
    d = graph.sum(graph.product(x, graph.inverse_root(length)), graph.constant(-fitted.mean[None]))
    z = graph.dense(d, fitted.directions, half_precision=True)
    if fitted.is_white:
        w, rest = z, graph.dense(graph.product(z, z), fitted.squares[:, None] + fitted.outside)
    else:
        w = graph.dense(z, fitted.whitening)
        rest = graph.dense(graph.product(w, w), fitted.squares[:, None])
        rest = graph.sum(rest, graph.dense(graph.product(z, z), np.full((graph.width(z), 1), fitted.outside)))
    if fitted.outside:
        weights = np.full((graph.width(d), 1), -fitted.outside)
        rest = graph.sum(rest, graph.dense(graph.product(d, d), weights))
    if fitted.soft:
        score = _soft(graph, w, rest, fitted)
    else:
        score = graph.sum(graph.largest(graph.dense(w, fitted.centers, fitted.constants)), rest)
    found = _fraction(graph, score, fitted.knots)
    if fitted.head:
        maps = _of_maps(graph, parsed, list(fitted.head.weights))
        of_head = _fraction(graph, _head(graph, fitted.head, maps), fitted.head.knots)
        found = _fraction(graph, graph.smaller(found, of_head), fitted.head.lower_knots)
    graph.finish(found)
    return packed(model)


def _soft(graph: Graph, w: int, rest: int, fitted: Familiarity) -> int:
    """Return minus the power mean of the distances, [1, 1], with products and inverse roots alone."""
    less = graph.dense(w, -fitted.centers, -fitted.constants - LEAST_DISTANCE, half_precision=True)
    less = graph.sum(less, graph.dense(rest, [[-1.0]]), relu=True)
    power = graph.sum(graph.smaller(less, graph.constant([[LARGEST_DISTANCE]])), graph.constant([[LEAST_DISTANCE]]))
    power = graph.inverse_root(power)
    for _ in range(4):
        power = graph.product(power, power)
    count = len(fitted.constants)
    mean = graph.dense(power, np.full((count, 1), 1 / count))
    for _ in range(3):
        mean = graph.inverse_root(mean)
    return graph.dense(mean, [[-1.0]])


def _head(graph: Graph, head: OutlierHead, maps: Sequence[int]) -> int:
    """Return the score of the head, [1, 1]."""
    x = graph.joined(*maps)
    of_map = np.repeat(np.eye(len(maps)), [graph.width(tensor) for tensor in maps], axis=0)
    weights = of_map * np.concatenate(list(head.weights.values()))[:, None]
    lengths = graph.dense(graph.product(x, x), of_map, np.full(len(maps), TINY), half_precision=True)
    products = graph.product(graph.dense(x, weights, half_precision=True), graph.inverse_root(lengths))
    return graph.dense(products, np.ones((len(maps), 1)))


def _fraction(graph: Graph, score: int, knots: np.ndarray) -> int:
    """Return the fraction of a score, [1, 1].

    It is a sum of ramps, with the scores between the outer knots scaled to [0, 1], and clipped at both ends.
    """
    unit = float(knots[-1] - knots[0])
    places = (knots - knots[0]) / unit
    slopes = np.diff(FRACTIONS) / np.diff(places)
    bends = np.diff(slopes, prepend=0.0)
    ramps = graph.dense(score, np.full((1, len(bends)), 1 / unit), -places[:-1] - knots[0] / unit, relu=True)
    below_one = graph.dense(ramps, -bends[:, None], [1.0], relu=True)
    return graph.dense(below_one, [[-1.0]], [1.0], relu=True)
