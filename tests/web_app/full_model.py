"""A small release file with every output and every section of a card, fitted to phantoms in closed form."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from skin_data.outliers import outliers_to_fit
from skin_data.phantom import render_phantom
from skin_data.relighting import FAULTS, relight, relighting_parameters
from skin_data.taxonomy import load_taxonomy
from skin_training.spot import SpotHead
from triage.estimated_light import LIGHT_MEASURES
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES, measure_lighting
from triage.model_file import pack_model
from triage.outputs import FAMILIARITY
from triage.photo import prepare_pixels

SIZE, PHANTOMS, VIEWS, SEED = 64, 60, 3, 51
MEASURED = ("accuracy", "urgent_sensitivity", "urgent_specificity")
QUESTIONS = {
    "age": {"effects": {"20": [-1.0, -1, -1, 1, 0, 0], "70": [1.0, 1, 1, -1, 0, 0]}, "years": True},
    "region": {"effects": {"face": [0.5, 0, 0, 0, 0, 0], "leg": [0.0, 0, 0.5, 0, 0, 0]}},
    "bleed": {"effects": {"yes": [0.0, 2, 2, -2, 2, -2], "no": [0.0, -0.2, -0.2, 0.2, -0.2, 0.2]}},
}
"""As on the card of the photo model: years, places, and a sign that always sends to a doctor."""


def write_full_model(path: Path) -> Path:
    """Write the file of an untrained student whose last layers are fitted to phantoms, with the card of a photo model.

    The student itself lies beside it (`.keras`), and a teacher that gives the classes' probabilities in reverse
    (`.teacher.keras`).

    A part of the phantoms is less familiar than the card's limit, a part of the spots is sure, and few photos of dark
    skin stand behind the card.
    """
    import tf_keras as keras

    from convert.making.familiarity import fit, head_layers, seen_by_file, with_familiarity
    from convert.making.light_measures import fit_reasons, with_light_measures
    from convert.making.representative import Representative
    from convert.making.source import Source, make_flatbuffer
    from convert.making.spot import map_layer, with_spot
    from convert.packing.metadata import with_metadata
    from convert.variants import VARIANTS
    from distill.student import build_student

    keras.utils.set_random_seed(3)
    classes = load_taxonomy("pad-ufes-20").classes
    student = build_student(len(classes), SIZE, width=0.35, batch_norm_momentum=0.5)
    drawn = [render_phantom(SEED, index, 2 * SIZE) for index in range(PHANTOMS)]
    good = np.stack([prepare_pixels(pixels, SIZE) for pixels, truth in drawn if truth.lighting_ok])
    rows, numbers = np.repeat(np.arange(len(good)), VIEWS), np.tile(np.arange(VIEWS), len(good))
    faults = relighting_parameters(1.0, 0, rows, numbers)
    poor = relight(good[rows], faults)
    shown, labels = np.concatenate([good, poor]), np.append(np.arange(len(good)), rows) % len(classes)
    for _ in range(6):
        student(shown / np.float32(255), training=True)
    measured = np.array([list(measure_lighting(photo).as_dict().values()) for photo in shown])
    scale = measured.mean(axis=0), measured.std(axis=0) + 1e-6
    _fit(student, "lighting_measures", shown, (measured - scale[0]) / scale[1])
    _fit(student, "lighting_logit", shown, np.where(np.arange(len(shown)) < len(good), 4.0, -4.0)[:, None])
    _fit(student, "diagnosis_logits", shown, 4 * np.eye(len(classes))[labels])
    made = make_flatbuffer(VARIANTS["float32"], Source(student, lambda: Representative(good)))
    see = seen_by_file(made, head_layers(student))
    halves = see(good[::2]), np.arange(len(good[::2])) % 3, see(good[1::2])
    made = with_familiarity(made, fit(*halves, see(outliers_to_fit(good, 20, 2))))
    made = with_light_measures(made, scale)
    made = with_spot(made, _spot_head(student, good), str(map_layer(student)))
    run = open_interpreter(made).run
    estimates = np.array([run(photo)[LIGHT_MEASURES].reshape(-1) for photo in poor])
    weights, bias = fit_reasons(estimates, faults[:, 0].astype(int) - 1)
    unseen = [prepare_pixels(render_phantom(SEED + 1, index, 2 * SIZE)[0], SIZE) for index in range(PHANTOMS)]
    card: dict[str, Any] = {
        "format": 1,
        "name": "full",
        "classes": [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in classes],
        "input": {"size": SIZE, "crop": "squashed", "crop_fraction": 0.8, "dtype": "float32"},
        "color_calibration": {"matrix": np.eye(3).tolist(), "bias": [0.0] * 3},
        "temperature": 1.2,
        "thresholds": {"urgent": 0.4, "abstain_below": 0.3, "well_lit": 0.5},
        "synthetic": False,
        "data": {"dataset": "pad-ufes-20", "attribution": "drawn for a test"},
        "lineage": {},
        "familiarity": {
            "method": "", "refuse_below": float(np.quantile([run(photo)[FAMILIARITY] for photo in unseen], 0.4)),
            "fitted_on": {},
        },
        "spot": {"method": "random", "fitted_on": {}, "val": {}},
        "light": {
            "measures": list(FEATURE_NAMES), "reasons": list(FAULTS), "weights": weights.tolist(),
            "bias": bias.tolist(), "fitted_on": {},
        },
        "answers": {"questions": QUESTIONS, "largest_log_odds": 4.0},
        "prediction_sets": {"coverage": 0.9, "penalty": 0.02, "free_ranks": 2, "quantiles": {"all": 0.9}},
        "per_tone": {"light": {"n": 400}, "medium": {"n": 300}, "dark": {"n": 6}, "unknown": {"n": 60}},
        "measured": {
            "n": 766, "groups": 500, "folds": 5,
            "photo_alone": {key: {"value": 0.61, "low": 0.52, "high": 0.73, "n": 766} for key in MEASURED},
            "answered": {"all": {key: {"value": 0.81, "low": 0.72, "high": 0.93, "n": 766} for key in MEASURED}},
        },
        "not_measured": ["skin of Fitzpatrick type V and VI: 6 photographs"],
        "licence": "CC BY 4.0",
    }  # fmt: skip
    path.write_bytes(pack_model(with_metadata(made, card), card))
    student.save(path.with_suffix(".keras"))
    logits = student.get_layer("diagnosis_logits")
    logits.set_weights([weights[..., ::-1] for weights in logits.get_weights()])
    student.save(path.with_suffix(".teacher.keras"))
    return path


def _fit(student: Any, name: str, pixels: np.ndarray, targets: np.ndarray) -> None:
    """Set a dense layer to the ridge regression of targets float [n, units] on what comes into it."""
    import tf_keras as keras

    layer = student.get_layer(name)
    seen = keras.Model(student.input, layer.input)(pixels / np.float32(255), training=False).numpy()
    center, middle = seen.mean(axis=0), targets.mean(axis=0)
    moment = (seen - center).T @ (seen - center)
    ridge = 1e-3 * np.trace(moment) / len(moment) * np.eye(len(moment))
    kernel = np.linalg.solve(moment + ridge, (seen - center).T @ (targets - middle))
    layer.set_weights([kernel, middle - center @ kernel])


def _spot_head(student: Any, pixels: np.ndarray) -> SpotHead:
    """Random boxes around the middle, half of them sure."""
    from convert.making.spot import maps_of_student
    from tests.environments.sample_models import random_head

    maps = maps_of_student(student, pixels)
    head = random_head(maps.shape[-1])
    head = replace(head, proposals=head.proposals * np.float32([1, 1, 1, 1, 30]))
    unsure = head.predict(maps)[:, 4]
    middle = np.float32(np.median(np.log(unsure / (1 - unsure))))
    return replace(head, proposals_bias=head.proposals_bias + np.array([-0.2, -0.15, 0.2, 0.25, -middle], np.float32))
