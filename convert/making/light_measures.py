"""The output `light_measures` of a file: the features of `triage.lighting` as the lighting head estimates them.

The head estimates them standardised by the training split (`skin_data.batches.light_targets`); the file gives them in
their own units.
"""

from typing import TYPE_CHECKING

import numpy as np

from convert.flatbuffer import Flatbuffer, packed, unpacked
from convert.making.graph import Graph
from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.batches import light_features, light_scale
from skin_training.heads import MEASURES
from triage.errors import CheckFailed
from triage.estimated_light import JUDGED, LIGHT_MEASURES, CardLight, card_light, with_margins
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES, LightingFeatures, limits_for

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_data.progress import Progress
    from skin_training.run_folder import RunFolder

FALSE_ALARMS = 0.01
"""At most this fraction of photos on the good side of a measure's limit may be estimated on the wrong one."""
PHOTOS = 1000
"""At most so many validation photos are looked at."""
NEVER = 1e6
"""Margin of a measure that is not judged."""
LEAST_PHOTOS = 20
"""With fewer on the good side a measure is not judged."""

Scale = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of each feature, float64 [14] (`skin_data.batches.light_scale`)."""


def add_light_measures(
    flatbuffer: bytes, size: int, run: "RunFolder", manifest: "Manifest", progress: "Progress"
) -> tuple[bytes, CardLight | None]:
    """Add the output to a student's file and fit its margins on the validation split.

    Returns:
        The file and the card's section; the file unchanged, and None, if no training photo's light was measured.
    """
    if (scale := light_scale(manifest.split("train"))) is None:
        return flatbuffer, None
    made, frame = with_light_measures(flatbuffer, scale), manifest.split("val")
    frame = frame.iloc[choose_representative(frame, PHOTOS, seed=0)]
    measured, known = light_features(frame)
    interpreter, found = open_interpreter(made, threads=2), []
    pixels = load_student_pixels(run, manifest, frame[known], size, progress)
    for number, photo in enumerate(pixels):
        found.append(interpreter.run(photo)[LIGHT_MEASURES].reshape(-1))
        progress("light", number + 1, len(pixels))
    margins = fit_margins(np.array(found).reshape(-1, len(FEATURE_NAMES)), measured[known])
    return made, card_light(margins, {"split": "val", "photos": len(pixels), "false_alarms": FALSE_ALARMS})


def with_light_measures(flatbuffer: bytes, scale: Scale) -> bytes:
    """Return the model with the output `light_measures`, float32 [1, 14] in the order of `FEATURE_NAMES`.

    Raises:
        CheckFailed: the file has no such layer.
    """
    parsed, model = Flatbuffer(flatbuffer), unpacked(flatbuffer)
    dense = [o.outputs[0] for o in parsed.operators if o.name == "FULLY_CONNECTED"]
    found = [tensor for tensor in dense if f"/{MEASURES}/" in parsed.name(tensor)]
    if len(found) != 1:
        raise CheckFailed(
            f"The estimated light must be one dense layer named {MEASURES!r}. Received: {len(found)} such layers. "
            "Convert a student of `skin-distill distill`."
        )
    graph, (mean, spread) = Graph(model, LIGHT_MEASURES), _finite(scale)
    scaled = graph.product(graph.in_float(found[0]), graph.constant(spread[None]))
    graph.finish(graph.sum(scaled, graph.constant(mean[None])))
    return packed(model)


def measures_of_student(student: "keras.Model", pixels: np.ndarray, scale: Scale, batch_size: int = 64) -> np.ndarray:
    """Return what the output should be for a Keras student and photos uint8 [n, size, size, 3], float [n, 14]."""
    import tf_keras as keras

    from skin_training.predict import keras_forward

    forward = keras_forward(keras.Model(student.input, student.get_layer(MEASURES).output))
    starts = range(0, len(pixels), batch_size)
    estimates = np.concatenate([forward(pixels[start : start + batch_size]).numpy() for start in starts])
    mean, spread = _finite(scale)
    return np.asarray(estimates * spread + mean)


def fit_margins(estimates: np.ndarray, measured: np.ndarray) -> dict[str, float]:
    """Return the margin of each judged measure from estimates and measurements of the same photos, float [n, 14]."""
    margins: dict[str, float] = {}
    # Whether saturation counts depends on the colour cast, which therefore comes first.
    for measure in sorted(JUDGED, key=lambda name: name != "colour_cast"):
        beyond = [
            _excess(with_margins(estimate, margins), measure)
            for estimate, truth in zip(estimates, measured, strict=True)
            if _excess(LightingFeatures(*truth.tolist()), measure) <= 0
        ]
        beyond = [value for value in beyond if value > -np.inf]
        # What cannot be fitted never speaks, and an estimate is never judged more strictly than a measurement.
        enough = len(beyond) >= LEAST_PHOTOS
        margins[measure] = max(0.0, float(np.quantile(beyond, 1 - FALSE_ALARMS))) if enough else NEVER
    return margins


def _excess(features: LightingFeatures, measure: str) -> float:
    """How far a measure lies beyond its limit; -inf where it is not judged."""
    limits = [limit for limits in limits_for(features).values() for limit in limits if limit.measure == measure]
    return max((limit.excess(getattr(features, measure)) for limit in limits), default=-np.inf)


def _finite(scale: Scale) -> Scale:
    """A feature that all photos share has an infinite standard deviation, and its mean for every photo."""
    return scale[0], np.where(np.isfinite(scale[1]), scale[1], 0.0)
