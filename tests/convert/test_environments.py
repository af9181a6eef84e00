"""Files in other runtimes, each in its own environment: `make test-runtimes` builds those that are skipped here."""

import json
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.sample_files import phantom_pixels, write_samples
from benchmarks.untrained_student import untrained_student
from convert.environments import KNOWN, ask, find_environments
from convert.gates import FAILED, PASSED
from convert.operator_versions import operator_versions, probe_operators
from convert.runtime_gates import NOT_TRIED, operator_verdicts, runtime_verdicts
from convert.runtimes import RUNTIMES
from teacher.predict import predict
from triage.assessment import Triage
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import read_model
from triage.photo import prepare_pixels, read_photo

NAMES = ("float32", "float16", "dynamic", "int8-weights", "int8")
SIZE = 32
INTEGER = ("dynamic", "int8")
"""Variants that some runtimes compute with integer kernels, which round each in their own way."""
NOT_FURTHER = 1.5
"""How much further from the float file a runtime's integer answers may lie than those of this runtime, as a mean."""
ROUNDING = 0.1
"""Probabilities closer than this may change places in `dynamic`."""


@pytest.fixture(scope="module")
def pixels():
    return phantom_pixels(24, SIZE, seed=3)


@pytest.fixture(scope="module")
def files(pixels, tmp_path_factory):
    return write_samples(untrained_student(pixels), pixels, NAMES, tmp_path_factory.mktemp("files"))


def environment(name):
    found = find_environments()
    if name not in found:
        pytest.skip(f"{KNOWN[name][0]} is not on this machine; `make test-runtimes` installs it apart")
    return found[name]


def answers_here(path, pixels):
    return predict(open_interpreter(read_model(path).flatbuffer), pixels)


def test_the_photos_tell_answers_apart(files, pixels):
    diagnosis, lighting = answers_here(files["float32"], pixels)
    assert len(set(diagnosis.argmax(axis=1))) >= 5
    assert 0 < (lighting >= 0.5).sum() < len(pixels)


@pytest.mark.parametrize("name", list(KNOWN))
@pytest.mark.parametrize("variant", NAMES)
def test_a_file_answers_the_same_in_another_runtime(files, pixels, name, variant):
    theirs = ask(environment(name), files[variant], pixels)
    answers = zip(
        (theirs["diagnosis"], theirs["lighting"].reshape(-1)), answers_here(files[variant], pixels), strict=True
    )
    if variant not in INTEGER:
        for there, here in answers:
            np.testing.assert_allclose(there, here, atol=1e-4)  # the order of sums
        return
    for (there, here), exact in zip(answers, answers_here(files["float32"], pixels), strict=True):
        assert np.abs(there - exact).mean() <= NOT_FURTHER * np.abs(here - exact).mean()


@pytest.mark.parametrize("variant", NAMES)
def test_mediapipe_gives_the_same_top_three_by_name(files, pixels, variant):
    theirs = ask(environment("mediapipe"), files[variant], pixels)
    labels = json.loads(str(theirs["labels"]))
    assert labels["lighting"] == ["well lit"]
    diagnosis, _ = answers_here(files[variant], pixels)
    ours = np.argsort(-diagnosis, axis=1, kind="stable")[:, :3]
    names = np.array([f"Class {number}" for number in range(10)])
    found = np.array(labels["diagnosis"])[np.argsort(-theirs["diagnosis"], axis=1, kind="stable")[:, :3]]
    differing = [row for row in range(len(pixels)) if (found[row] != names[ours[row]]).any()]
    # Dynamic range is the one variant whose kernels differ between the two; where classes are closer than their
    # rounding, either order is right.
    assert variant == "dynamic" or not differing
    for row in differing:
        assert -np.diff(np.sort(diagnosis[row])[::-1][:4]).max() < ROUNDING


def test_mediapipe_reads_the_metadata_that_was_meant(files, pixels):
    metadata = json.loads(str(ask(environment("mediapipe"), files["int8"], pixels[:1])["metadata"]))
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
    assert labels == {"diagnosis": [("labels.txt", 2)], "lighting": [("lighting_labels.txt", 2)]}


def test_the_adapter_refuses_what_an_old_runtime_answers_wrongly(pixels, with_channel_scales, tmp_path):
    old = environment("tflite-runtime-2.14")
    student = untrained_student(pixels)
    (by_channel,) = write_samples(student, pixels, ["dynamic"], tmp_path, with_channel_scales).values()
    diagnosis, _ = answers_here(by_channel, pixels)
    assert len(set(diagnosis.argmax(axis=1))) > 1
    with pytest.raises(CheckFailed, match="known to answer wrongly"):
        ask(old, by_channel, pixels)


def test_an_old_runtime_assesses_a_photo_as_this_one(files, pixels, tmp_path):
    """The whole of `triage`, not its adapter alone, with numpy 1 and OpenCV 4."""
    old = environment("tflite-runtime-2.14")
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), pixels[0][..., ::-1].repeat(10, 0).repeat(10, 1))
    script = (
        "import json, sys; from triage import Triage; model = Triage.load(sys.argv[1]);"
        "print(json.dumps([model.interpreter.runtime, model.assess(sys.argv[2]).to_json()]))"
    )
    for variant in ("float32", "int8-weights", "int8"):
        done = subprocess.run(
            [*old.command, "-c", script, str(files[variant]), str(photo)],
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True,
        )  # fmt: skip
        runtime, theirs = json.loads(done.stdout)
        assert runtime == "tflite_runtime 2.14.0"
        assert theirs["lighting"]["tips"] == Triage.load(files["float32"]).assess(photo).to_json()["lighting"]["tips"]
        (expected,) = ask(old, files[variant], prepare_pixels(read_photo(photo), SIZE)[None])["diagnosis"]
        for entry in theirs["diagnosis"]:
            assert entry["probability"] == pytest.approx(expected[int(entry["label"][5:])], abs=1e-3)


@pytest.mark.parametrize("name", ["tflite-runtime-2.14", "litert-1.4"])
def test_a_runtime_has_what_the_table_says(name):
    module = "tflite_runtime.interpreter" if name.startswith("tflite") else "ai_edge_litert.interpreter"
    assert probe_operators(environment(name), module) == operator_versions()[name]


def test_verdicts_name_each_runtime_and_do_not_pretend(files, pixels):
    answers = answers_here(files["float32"], pixels)
    verdicts = runtime_verdicts(files["float32"], pixels, answers, environments={})
    assert [v.outcome for v in verdicts] == [NOT_TRIED] * len(KNOWN)
    verdicts = runtime_verdicts(files["float32"], pixels, answers)
    assert {v.outcome for v in verdicts} <= {PASSED, NOT_TRIED}
    assert [v.outcome for v in operator_verdicts(read_model(files["int8"]).flatbuffer)] == [PASSED] * len(RUNTIMES)


def test_a_runtime_that_answers_otherwise_or_breaks_fails_the_file(files, pixels, tmp_path):
    import sys

    from convert.environments import Environment

    diagnosis, lighting = answers_here(files["float32"], pixels)
    here = {"litert-1.4": Environment("litert-1.4", "LiteRT 1.4", "adapter.py", (sys.executable,), {})}
    others = (np.roll(diagnosis, 1, axis=1), lighting)
    of = {v.gate: v for v in runtime_verdicts(files["float32"], pixels, others, environments=here)}
    assert of["runs in LiteRT 1.4"].outcome == FAILED
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(files["float32"].read_bytes()[:-9])
    (verdict,) = [v for v in runtime_verdicts(damaged, pixels, others, environments=here) if v.outcome == FAILED]
    assert "altered" in verdict.measured
    with pytest.raises(CheckFailed, match="did not answer"):
        ask(Environment("no", "Nothing", "adapter.py", ("false",), {}), damaged, pixels)
    with pytest.raises(UnusableInput, match="photos"):
        ask(here["litert-1.4"], files["float32"], pixels[:0])
