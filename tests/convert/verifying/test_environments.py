"""Files in other runtimes, each in its own environment; `make test-runtimes` builds those that are skipped here."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from convert.verifying.environments import KNOWN, find_environments, predict_in
from convert.verifying.gates import FAILED, PASSED
from convert.verifying.runtime_gates import NOT_TRIED, check_known_operators, check_predictions
from convert.verifying.runtimes import RUNTIMES, operator_versions
from skin_training.predict import predict
from tests.environments.operator_versions import probe_operators
from tests.environments.sample_models import phantom_pixels, write_samples
from tests.environments.untrained_student import untrained_student
from triage.assessment import Triage
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import read_model

NAMES = ("float32", "float16", "dynamic", "int8-weights", "int8")
SIZE = 32
INTEGER = ("dynamic", "int8")
"""Variants that some runtimes compute with integer kernels, which round differently."""
ROUNDING = 0.1
"""Tolerance between integer kernels: the spread student amplifies rounding as it amplifies differences of photos."""
MAX_RATIO = 1.5
"""Largest ratio of the mean errors of two runtimes' integer predictions against the float file."""
OLD = "tflite-runtime-2.14"
ROUNDS_DIFFERENTLY = pytest.mark.xfail(
    raises=AssertionError, strict=True, reason="tflite-runtime 2.14 rounds differently: docs/conversion.md"
)


@pytest.fixture(scope="module")
def pixels():
    return phantom_pixels(24, SIZE, seed=3)


@pytest.fixture(scope="module")
def files(pixels, tmp_path_factory):
    names = NAMES if find_environments() else ("float32",)
    return write_samples(untrained_student(pixels), pixels, names, tmp_path_factory.mktemp("files"))


def environment(name):
    found = find_environments()
    if name not in found:
        pytest.skip(f"{KNOWN[name][0]} is not on this machine; `make test-runtimes` builds its environment")
    return found[name]


def predict_here(path, pixels):
    return predict(open_interpreter(read_model(path).flatbuffer), pixels)


def test_the_predictions_are_diverse(files, pixels):
    diagnosis, lighting = predict_here(files["float32"], pixels)
    assert len(set(diagnosis.argmax(axis=1))) >= 5
    assert 0 < (lighting >= 0.5).sum() < len(pixels)


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        pytest.param(name, variant, marks=[ROUNDS_DIFFERENTLY] if name == OLD and variant in INTEGER else [])
        for name in KNOWN
        for variant in NAMES
    ],
)
def test_a_file_predicts_the_same_in_another_runtime(files, pixels, name, variant):
    theirs = predict_in(environment(name), files[variant], pixels)
    diagnosis, lighting = predict_here(files[variant], pixels)
    # Integer kernels round differently; float ones differ in the order of sums.
    tolerance = ROUNDING if variant in INTEGER else 1e-4
    np.testing.assert_allclose(theirs["diagnosis"], diagnosis, atol=tolerance)
    np.testing.assert_allclose(theirs["lighting"].reshape(-1), lighting, atol=tolerance)


@pytest.mark.parametrize("name", list(KNOWN))
@pytest.mark.parametrize("variant", INTEGER)
def test_integer_errors_are_no_larger_in_another_runtime(files, pixels, name, variant):
    theirs = predict_in(environment(name), files[variant], pixels)
    there = (theirs["diagnosis"], theirs["lighting"].reshape(-1))
    here, exact = predict_here(files[variant], pixels), predict_here(files["float32"], pixels)
    for their, our, right in zip(there, here, exact, strict=True):
        assert np.abs(their - right).mean() <= MAX_RATIO * np.abs(our - right).mean()


@pytest.mark.parametrize("variant", NAMES)
def test_mediapipe_gives_the_same_top_three_by_name(files, pixels, variant):
    theirs = predict_in(environment("mediapipe"), files[variant], pixels)
    labels = json.loads(str(theirs["labels"]))
    assert labels["lighting"] == ["well lit"] and labels["familiarity"] == ["familiar"]
    assert labels["spot"] == ["x", "y", "width", "height", "confidence"]
    diagnosis, _ = predict_here(files[variant], pixels)
    ours = np.argsort(-diagnosis, axis=1, kind="stable")[:, :3]
    names = np.array([f"Class {number}" for number in range(10)])
    found = np.array(labels["diagnosis"])[np.argsort(-theirs["diagnosis"], axis=1, kind="stable")[:, :3]]
    differing = [row for row in range(len(pixels)) if (found[row] != names[ours[row]]).any()]
    # Dynamic range is the one variant whose kernels differ between the two; where classes are closer than their
    # rounding, either order is right.
    assert variant == "dynamic" or not differing
    for row in differing:
        assert -np.diff(np.sort(diagnosis[row])[::-1][:4]).max() < ROUNDING


def test_mediapipe_reads_the_metadata(files, pixels):
    metadata = json.loads(str(predict_in(environment("mediapipe"), files["int8"], pixels[:1])["metadata"]))
    assert metadata["identifier"] == "M001"
    assert metadata["name"] == "untrained-int8"
    assert "not a medical device" in metadata["description"]
    assert metadata["minParserVersion"] == "1.0.0"
    assert [file["name"] for file in metadata["associatedFiles"]] == ["card.json"]
    (graph,) = metadata["subgraphMetadata"]
    (image,) = graph["inputTensorMetadata"]
    assert image["content"]["contentProperties"]["colorSpace"] == 1
    assert image["content"]["contentProperties"]["defaultSize"] == {"width": SIZE, "height": SIZE}
    assert image["processUnits"] == [{"optionsType": 1, "options": {"mean": [0.0], "std": [255.0]}}]
    labels = {o["name"]: [(f["name"], f["type"]) for f in o["associatedFiles"]] for o in graph["outputTensorMetadata"]}
    assert labels == {
        "diagnosis": [("labels.txt", 2)],
        "lighting": [("lighting_labels.txt", 2)],
        "familiarity": [("familiarity_labels.txt", 2)],
        "spot": [("spot_labels.txt", 2)],
    }


def test_the_adapter_refuses_what_an_old_runtime_computes_incorrectly(pixels, with_channel_scales, tmp_path):
    old = environment(OLD)
    student = untrained_student(pixels)
    (by_channel,) = write_samples(student, pixels, ["dynamic"], tmp_path, with_channel_scales).values()
    diagnosis, _ = predict_here(by_channel, pixels)
    assert len(set(diagnosis.argmax(axis=1))) > 1
    with pytest.raises(CheckFailed, match="channel"):
        predict_in(old, by_channel, pixels)


@pytest.mark.parametrize("variant", ["float32", "int8-weights", pytest.param("int8", marks=ROUNDS_DIFFERENTLY)])
def test_an_old_runtime_assesses_a_photo_like_this_one(files, pixels, variant, tmp_path):
    """The whole of `triage`, not its adapter alone, with numpy 1 and OpenCV 4."""
    old = environment(OLD)
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), pixels[0][..., ::-1].repeat(10, 0).repeat(10, 1))
    script = (
        "import json, sys; from triage import Triage; model = Triage.load(sys.argv[1]);"
        "print(json.dumps([model.interpreter.runtime, model.assess(sys.argv[2]).to_json()]))"
    )
    done = subprocess.run(
        [*old.command, "-c", script, str(files[variant]), str(photo)],
        cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True,
    )  # fmt: skip
    runtime, theirs = json.loads(done.stdout)
    ours = Triage.load(files[variant]).assess(photo).to_json()
    assert runtime == "tflite_runtime 2.14.0"
    assert theirs["lighting"]["tips"] == ours["lighting"]["tips"]
    found = {entry["label"]: entry["probability"] for entry in theirs["diagnosis"]}
    for entry in ours["diagnosis"]:
        assert found[entry["label"]] == pytest.approx(entry["probability"], abs=0.05)


@pytest.mark.parametrize("name", [OLD, "litert-1.4"])
def test_a_runtime_has_the_operators_of_the_table(name):
    module = "tflite_runtime.interpreter" if name.startswith("tflite") else "ai_edge_litert.interpreter"
    assert probe_operators(environment(name), module) == operator_versions()[name]


def test_runtimes_that_are_not_installed_are_not_tried(files, pixels):
    here = predict_here(files["float32"], pixels)
    results = check_predictions(files["float32"], pixels, here, environments={})
    assert [v.outcome for v in results] == [NOT_TRIED] * len(KNOWN)
    results = check_predictions(files["float32"], pixels, here)
    assert {v.outcome for v in results} <= {PASSED, NOT_TRIED}
    known = check_known_operators(read_model(files["float32"]).flatbuffer)
    assert [v.outcome for v in known] == [PASSED] * len(RUNTIMES)


def test_a_runtime_that_predicts_differently_or_crashes_fails_the_file(files, pixels, tmp_path):
    import sys

    from convert.verifying.environments import Environment

    diagnosis, lighting = predict_here(files["float32"], pixels)
    here = {"litert-1.4": Environment("LiteRT 1.4", "adapter.py", (sys.executable,))}
    others = (np.roll(diagnosis, 1, axis=1), lighting)
    of = {v.gate: v for v in check_predictions(files["float32"], pixels, others, environments=here)}
    assert of["runs in LiteRT 1.4"].outcome == FAILED
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(files["float32"].read_bytes()[:-9])
    (result,) = [v for v in check_predictions(damaged, pixels, others, environments=here) if v.outcome == FAILED]
    assert damaged.name in result.measured
    with pytest.raises(CheckFailed, match="Nothing"):
        predict_in(Environment("Nothing", "adapter.py", ("false",)), damaged, pixels)
    with pytest.raises(UnusableInput, match="photos"):
        predict_in(here["litert-1.4"], files["float32"], pixels[:0])
