import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mobile_app.demo_model import DEMO_MODEL
from triage.model_file import pack_model

ROOT = Path(__file__).parents[3]
SCRIPTS = Path(__file__).parent / "scripts"


def in_own_process(script: str, *arguments: object, timeout: float = 240, **environment: str) -> str:
    """Run a script of tests/mobile_app/ui/scripts; Kivy has one window a process. Gives what it printed."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script, *map(str, arguments)],
        env={**os.environ, "SDL_VIDEODRIVER": "offscreen", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def own_process(kivy) -> Callable[..., str]:
    return in_own_process


@pytest.fixture(scope="session")
def kivy() -> None:
    if importlib.util.find_spec("kivy") is None:
        pytest.skip("Kivy is not installed: pip install 'skin-distill[app]'")


@pytest.fixture(scope="session")
def tour(kivy, tmp_path_factory) -> list[dict]:
    """Every screen in both themes, narrow and wide, with normal and largest text: words and what can be pressed."""
    folder = tmp_path_factory.mktemp("tour")
    in_own_process("tour.py", folder)
    return json.loads((folder / "tour.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def model(tmp_path_factory) -> Path:
    """The demo model, or where it is not there yet a small one that finds every light good."""
    if DEMO_MODEL.is_file():
        return DEMO_MODEL
    tf = pytest.importorskip("tensorflow", reason="needs the demo model, or the train extra to make a stand-in")
    import tf_keras as keras

    image = keras.Input((32, 32, 3), batch_size=1, name="image")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, activation="relu")(image))
    diagnosis = keras.layers.Dense(3, activation="softmax", name="diagnosis")(pooled)
    well_lit = keras.layers.Dense(
        1, activation="sigmoid", name="lighting", bias_initializer=keras.initializers.Constant(9)
    )
    network = keras.Model(image, {"diagnosis": diagnosis, "lighting": well_lit(pooled)})
    card = {
        "format": 1,
        "name": "stand-in",
        "classes": [{"id": name, "name": name.title(), "urgency": name} for name in ("urgent", "soon", "watch")],
        "input": {"size": 32, "crop_fraction": 0.8, "dtype": "float32"},
        "color_calibration": {"matrix": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], "bias": [0.0, 0.0, 0.0]},
        "temperature": 1.0,
        "thresholds": {"urgent": 0.4, "abstain_below": 0.05, "well_lit": 0.5},
        "synthetic": True,
        "data": {"dataset": "none", "meta_sha256": "0" * 64},
        "lineage": {},
        "per_tone": {},
        "not_measured": ["everything"],
        "licence": "MIT",
    }
    path = tmp_path_factory.mktemp("model") / "stand-in.tflite"
    path.write_bytes(pack_model(tf.lite.TFLiteConverter.from_keras_model(network).convert(), card))
    return path
