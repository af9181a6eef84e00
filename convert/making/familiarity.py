"""The output `familiarity` of a file: fitted on the file's own features, and added to its graph in float.

Features of a quantized file differ from those of the float student, so each file has a fit of its own. The operators
are appended to the finished graph: no quantizer sees them, and the other outputs stay the same to the bit.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from convert.flatbuffer import Flatbuffer, packed, unpacked
from convert.making.graph import Graph
from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.progress import Progress, no_progress
from skin_training.evaluation.evaluate import true_classes
from skin_training.familiarity import FRACTIONS, METHOD, METHODS, TINY, Familiarity
from triage.assessment import FAMILIARITY
from triage.errors import CheckFailed
from triage.interpreter import open_interpreter
from triage.model_card import CardFamiliarity

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_training.run_folder import RunFolder

REFUSE_BELOW = 0.05
"""Familiarity below which the app names nothing: one in twenty photos like those of the validation split."""
PHOTOS = 2000
"""At most so many training and validation photos are looked at."""
_FEATURES = "/features/"


Pixels = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float32]


def fit_familiarity(
    features_of: Callable[[Pixels], Features], size: int, run: "RunFolder", manifest: "Manifest", progress: Progress
) -> tuple[Familiarity, CardFamiliarity]:
    """Fit the familiarity on features of the training split, and its fractions on the validation split.

    Args:
        features_of: gives the pooled features float32 [n, channels] of uint8 [n, size, size, 3], such as
            `features_of_file`.
        size: of the input, pixels.
        run: of the student.
        manifest: the data set that it was trained on.
        progress: called as `progress(stage, done, total)`.

    Returns:
        The fit and the card's section.
    """
    features, frames = {}, {}
    for split in ("train", "val"):
        frame = manifest.split(split)
        frames[split] = frame = frame.iloc[choose_representative(frame, PHOTOS, seed=0)]
        features[split] = features_of(load_student_pixels(run, manifest, frame, size, progress))
    classes = true_classes(frames["train"], manifest.taxonomy.ids)
    fitted = METHODS[METHOD](features["train"], classes).with_fractions(features["val"])
    photos = {split: len(frame) for split, frame in frames.items()}
    return fitted, {"method": METHOD, "refuse_below": REFUSE_BELOW, "fitted_on": photos}


def features_of_file(flatbuffer: bytes, progress: Progress = no_progress) -> Callable[[Pixels], Features]:
    """Return a function that gives the pooled features of a file's model without the output `familiarity`."""
    interpreter = open_interpreter(_with_output(flatbuffer, pooled_features(Flatbuffer(flatbuffer))), threads=2)

    def features(pixels: Pixels) -> Features:
        found = []
        for number, photo in enumerate(pixels):
            found.append(interpreter.run(photo)[FAMILIARITY].reshape(-1))
            progress("familiarity", number + 1, len(pixels))
        return np.stack(found)

    return features


def features_of_student(student: "keras.Model", batch_size: int = 64) -> Callable[[Pixels], Features]:
    """Return a function that gives the pooled features of a Keras student."""
    import tf_keras as keras

    from skin_training.predict import keras_forward

    forward = keras_forward(keras.Model(student.input, student.get_layer("features").output))

    def features(pixels: Pixels) -> Features:
        starts = range(0, len(pixels), batch_size)
        return np.concatenate([forward(pixels[start : start + batch_size]).numpy() for start in starts])

    return features


def pooled_features(parsed: Flatbuffer) -> int:
    """Return the tensor [1, channels] of the pooled features.

    Raises:
        CheckFailed: the file has none.
    """
    found = [o.outputs[0] for o in parsed.operators if o.name == "MEAN" and len(parsed.shape(o.outputs[0])) == 2]
    named = [tensor for tensor in found if _FEATURES in parsed.name(tensor)]
    if len(named) != 1:
        raise CheckFailed(
            f"The pooled features must be one MEAN operator of the layer 'features'. Received: {len(named)} such "
            f"operators among {len(found)}. Convert a student of `skin-distill distill`."
        )
    return named[0]


def with_familiarity(flatbuffer: bytes, fitted: Familiarity) -> bytes:
    """Return the model with the output `familiarity`, float32 [1, 1].

    Args:
        flatbuffer: the model of a student.
        fitted: with its map to fractions.
    """
    model = unpacked(flatbuffer)
    features = pooled_features(Flatbuffer(flatbuffer))
    graph = Graph(model, FAMILIARITY)
    x = graph.in_float(features)
    length = graph.dense(graph.product(x, x), np.ones((graph.width(x), 1)), [TINY])
    d = graph.sum(graph.product(x, graph.inverse_root(length)), graph.constant(-fitted.mean[None]))
    z = graph.dense(d, fitted.directions, half_precision=True)
    w = graph.dense(z, fitted.whitening)
    nearest = graph.largest(graph.dense(w, fitted.centers, fitted.constants))
    score = graph.sum(nearest, graph.dense(graph.product(w, w), fitted.squares[:, None]))
    if fitted.outside:
        for part, weight in ((d, -fitted.outside), (z, fitted.outside)):
            weights = np.full((graph.width(part), 1), weight)
            score = graph.sum(score, graph.dense(graph.product(part, part), weights))
    # A sum of ramps, with the scores between the outer knots scaled to [0, 1], and clipped at both ends.
    unit = float(fitted.knots[-1] - fitted.knots[0])
    knots = (fitted.knots - fitted.knots[0]) / unit
    slopes = np.diff(FRACTIONS) / np.diff(knots)
    bends = np.diff(slopes, prepend=0.0)
    ramps = graph.dense(score, np.full((1, len(bends)), 1 / unit), -knots[:-1] - fitted.knots[0] / unit, relu=True)
    below_one = graph.dense(ramps, -bends[:, None], [1.0], relu=True)
    graph.finish(graph.dense(below_one, [[-1.0]], [1.0], relu=True))
    return packed(model)


def _with_output(flatbuffer: bytes, tensor: int) -> bytes:
    """Return a model that gives a tensor out under the name of the familiarity."""
    model = unpacked(flatbuffer)
    Graph(model, FAMILIARITY).finish(tensor)
    return packed(model)
