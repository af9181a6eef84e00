"""A small release file with every output and every section of a card, fitted to phantoms in closed form."""

from pathlib import Path
from typing import Any

import numpy as np

from skin_data.phantom import render_phantom
from skin_data.relighting import FAULTS, relight, relighting_parameters
from skin_data.taxonomy import load_taxonomy
from tests.environments.sample_models import write_samples
from triage.estimated_light import LIGHT_MEASURES
from triage.interpreter import open_interpreter
from triage.lighting import FEATURE_NAMES, measure_lighting
from triage.model_file import pack_model, read_model
from triage.outputs import FAMILIARITY

SIZE, PHANTOMS, VIEWS, SEED = 64, 40, 3, 51
QUESTIONS = {
    "age": {"effects": {"20": [-1.0, -1, -1, 1, 0, 0], "70": [1.0, 1, 1, -1, 0, 0]}, "years": True},
    "region": {"effects": {"face": [0.5, 0, 0, 0, 0, 0], "leg": [0.0, 0, 0.5, 0, 0, 0]}},
    "bleed": {"effects": {"yes": [0.0, 2, 2, -2, 2, -2], "no": [0.0, -0.2, -0.2, 0.2, -0.2, 0.2]}},
}
"""As on the card of the photo model: years, places, and a sign that always sends to a doctor."""


def write_full_model(folder: Path) -> Path:
    """Write the file of an untrained student whose last layers are fitted to phantoms, with the card of a photo model.

    Half of the phantoms are less familiar than the card's limit, and no photo of dark skin stands behind it.
    """
    import tf_keras as keras

    from convert.making.light_measures import fit_reasons, with_light_measures
    from distill.student import build_student

    keras.utils.set_random_seed(3)
    taxonomy = load_taxonomy("pad-ufes-20")
    student = build_student(len(taxonomy.classes), SIZE, width=0.35, batch_norm_momentum=0.5)
    drawn = [render_phantom(SEED, index, 2 * SIZE) for index in range(PHANTOMS)]
    good = np.stack([pixels[::2, ::2] for pixels, truth in drawn if truth.lighting_ok])
    views = relighting_parameters(1.0, 0, np.repeat(np.arange(len(good)), VIEWS), np.tile(np.arange(VIEWS), len(good)))
    poor = relight(np.repeat(good, VIEWS, axis=0), views)
    shown = np.concatenate([good, poor])
    for _ in range(6):
        student(shown / np.float32(255), training=True)
    classes = np.arange(len(shown)) % len(taxonomy.classes)
    measured = np.array([list(measure_lighting(photo).as_dict().values()) for photo in shown])
    mean, spread = measured.mean(axis=0), measured.std(axis=0) + 1e-6
    _fit(student, "lighting_measures", shown, (measured - mean) / spread)
    _fit(student, "lighting_logit", shown, np.where(np.arange(len(shown)) < len(good), 4.0, -4.0)[:, None])
    _fit(student, "diagnosis_logits", shown, 4 * np.eye(len(taxonomy.classes))[classes])
    named = [{"id": c.id, "name": c.name, "urgency": c.urgency} for c in taxonomy.classes]
    plain = write_samples(student, good, ["float32"], folder, classes=named)["float32"]
    file = read_model(plain)
    made = with_light_measures(file.flatbuffer, (mean, spread))
    run = open_interpreter(made).run
    estimates = np.array([run(photo)[LIGHT_MEASURES].reshape(-1) for photo in poor])
    weights, bias = fit_reasons(estimates, views[:, 0].astype(int) - 1)
    limit = float(np.median([run(photo)[FAMILIARITY].item() for photo in good]))
    card: dict[str, Any] = {
        **file.card,
        "name": "full",
        "synthetic": False,
        "thresholds": {"urgent": 0.4, "abstain_below": 0.3, "well_lit": 0.5},
        "familiarity": {**file.card["familiarity"], "refuse_below": limit},
        "light": {
            "measures": list(FEATURE_NAMES), "reasons": list(FAULTS), "weights": weights.tolist(),
            "bias": bias.tolist(), "fitted_on": {},
        },
        "answers": {"questions": QUESTIONS, "largest_log_odds": 4.0},
        "prediction_sets": {"coverage": 0.9, "penalty": 0.02, "free_ranks": 2, "quantiles": {"all": 0.9}},
        "per_tone": {"light": {"n": 400}, "medium": {"n": 300}, "dark": {"n": 6}, "unknown": {"n": 60}},
        "measured": {"photo_alone": {"accuracy": {"value": 0.6, "low": 0.5, "high": 0.7}}},
        "not_measured": ["skin of Fitzpatrick type V and VI: 6 photographs"],
    }  # fmt: skip
    path = folder / "full.tflite"
    path.write_bytes(pack_model(made, card))
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
