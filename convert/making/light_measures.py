"""The output `light_measures` of a file: the features of `triage.lighting` as the lighting head estimates them.

The head estimates them standardised by the training split (`skin_data.batches.light_targets`); the file gives them in
their own units. Its card says which reason against the light they speak for (`triage.estimated_light`).
"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_softmax, softmax

from convert.flatbuffer import Flatbuffer, packed, unpacked
from convert.making.graph import Graph
from convert.making.representative import choose_representative
from convert.student import load_student_pixels
from skin_data.batches import light_scale
from skin_data.relighting import FAULTS, relight, relighting_parameters
from skin_training.heads import MEASURES
from triage.errors import CheckFailed
from triage.estimated_light import LIGHT_MEASURES, CardLight
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES

if TYPE_CHECKING:
    import tf_keras as keras

    from skin_data.manifest import Manifest
    from skin_data.progress import Progress
    from skin_training.run_folder import RunFolder

METHOD = "softmax regression on relit photos"
PENALTY = 1.0
"""Times half the sum of squared weights of standardised estimates, beside the negative log-likelihood."""
PHOTOS, LEAST_PHOTOS = 150, 10
"""At most so many well-lit validation photos are relit; with fewer than the least no reason is told."""
VIEWS = 6
"""Times that each is relit, each time with a fault at random."""
SEED = 0

Scale = tuple[np.ndarray, np.ndarray]
"""Mean and standard deviation of each feature, float64 [14] (`skin_data.batches.light_scale`)."""


def add_light_measures(
    flatbuffer: bytes, size: int, run: "RunFolder", manifest: "Manifest", progress: "Progress"
) -> tuple[bytes, CardLight | None]:
    """Add the output to a student's file, and fit which reason it speaks for on relit validation photos.

    Returns:
        The file and the card's section; the file unchanged, and None, if no training photo's light was measured.
    """
    if (scale := light_scale(manifest.split("train"))) is None:
        return flatbuffer, None
    made, frame = with_light_measures(flatbuffer, scale), manifest.split("val")
    frame = frame[frame["lighting_label"].to_numpy(np.float32, na_value=np.nan) != 0]
    frame = frame.iloc[choose_representative(frame, PHOTOS, SEED)]
    pixels, interpreter = load_student_pixels(run, manifest, frame, size, progress), open_interpreter(made, threads=2)
    faults, estimates = [], []
    for number, photo in enumerate(pixels):
        drawn = relighting_parameters(1.0, SEED, np.full(VIEWS, number), np.arange(VIEWS))
        relit = relight(np.repeat(photo[None], VIEWS, axis=0), drawn)
        estimates += [interpreter.run(view)[LIGHT_MEASURES].reshape(-1) for view in relit]
        faults += (drawn[:, 0].astype(int) - 1).tolist()
        progress("light", number + 1, len(pixels))
    light: CardLight = {
        "measures": list(FEATURE_NAMES), "reasons": [], "weights": [], "bias": [],
        "fitted_on": {"method": METHOD, "split": "val", "photos": len(pixels), "views": VIEWS},
    }  # fmt: skip
    if len(pixels) >= LEAST_PHOTOS:
        weights, bias = fit_reasons(np.array(estimates), np.array(faults))
        light |= {"reasons": list(FAULTS), "weights": weights.tolist(), "bias": bias.tolist()}
    return made, light


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


def fit_reasons(estimates: np.ndarray, faults: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit which fault estimates speak for: a multinomial logistic regression with a ridge penalty.

    Args:
        estimates: float [n, 14], of photos in poor light.
        faults: int [n], the fault of each, a number in `skin_data.relighting.FAULTS`.

    Returns:
        Weights float [faults, 14] and bias [faults] for estimates in their own units (`triage.estimated_light`).
    """
    from scipy.optimize import minimize

    mean, spread = estimates.mean(axis=0), estimates.std(axis=0)
    factor = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0.0)
    shown, target = (estimates - mean) * factor, np.eye(len(FAULTS))[faults]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = np.split(values.reshape(-1, len(FAULTS)), [-1])
        logits = shown @ weights + bias
        residual = softmax(logits, axis=1) - target
        value = PENALTY / 2 * (weights**2).sum() - (target * log_softmax(logits, axis=1)).sum()
        return value, np.append(shown.T @ residual + PENALTY * weights, residual.sum(axis=0))

    start = np.zeros((estimates.shape[1] + 1) * len(FAULTS))
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 2000}).x
    weights, bias = np.split(fitted.reshape(-1, len(FAULTS)), [-1])
    weights = weights.T * factor
    return weights, bias[0] - weights @ mean


def _finite(scale: Scale) -> Scale:
    """A feature that all photos share has an infinite standard deviation, and its mean for every photo."""
    return scale[0], np.where(np.isfinite(scale[1]), scale[1], 0.0)
