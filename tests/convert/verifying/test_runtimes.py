from pathlib import Path

import numpy as np
import pytest

from convert.flatbuffer import Flatbuffer
from convert.variants import VARIANTS
from convert.verifying.gates import FAILED, PASSED
from convert.verifying.runtime_gates import NOT_REQUIRED, NOT_TRIED, gate_on_runtimes
from convert.verifying.runtimes import RUNTIMES, check_operators, operator_versions, require_runtime
from convert.verifying.verifier import GateInput
from triage.errors import CheckFailed, UnusableInput
from triage.interpreter import open_interpreter
from triage.model_file import ModelFile


def with_version(changed, flatbuffer, operator, version):
    def change(model, names):
        for code in model.operatorCodes:
            if names[max(code.builtinCode, code.deprecatedBuiltinCode)] == operator:
                code.version = version

    return changed(flatbuffer, change)


def test_the_table_lists_the_known_runtimes_and_grows_with_them():
    table = operator_versions()
    assert list(table) == list(RUNTIMES)
    # In the sources: FULLY_CONNECTED has had version 9 since 2020, 10 since 2022, 12 (by channel) since 2024.
    versions = [table[name]["FULLY_CONNECTED"] for name in RUNTIMES]
    assert versions == sorted(versions)
    assert versions[1] < 12 <= versions[2]
    assert "RELU_0_TO_1" not in table["tflite-runtime-2.8"]
    for older, newer in zip(list(RUNTIMES)[:-1], list(RUNTIMES)[1:], strict=True):
        assert all(table[newer].get(name, 0) >= highest for name, highest in table[older].items())


def test_the_runtime_here_has_the_operators_of_the_table():
    import sys

    from convert.verifying.environments import Environment
    from tests.environments.operator_versions import probe_operators

    here = Environment("this environment", "", (sys.executable,))
    found = probe_operators(here, "ai_edge_litert.interpreter")
    assert all(found.get(name, 0) >= highest for name, highest in operator_versions()["litert-1.4"].items())


@pytest.mark.parametrize("name", [n for n in VARIANTS if "qat" not in n])
def test_every_variant_suits_every_known_runtime(flatbuffers, name):
    assert check_operators(flatbuffers[name]) == {runtime: [] for runtime in RUNTIMES}


def test_an_operator_that_is_too_new_is_named_with_a_remedy(flatbuffers, changed):
    data = with_version(changed, flatbuffers["float32"], "FULLY_CONNECTED", 12)
    found = check_operators(data)
    assert [name for name, obstacles in found.items() if obstacles] == ["tflite-runtime-2.8", "tflite-runtime-2.14"]
    with pytest.raises(CheckFailed, match=r"FULLY_CONNECTED version 12.*10.*LiteRT 1\.4"):
        require_runtime(data, "tflite-runtime-2.14")
    require_runtime(data, "litert-1.4")


def test_an_operator_that_no_runtime_has_is_named(flatbuffers, changed):
    data = with_version(changed, flatbuffers["float32"], "SOFTMAX", 99)
    assert all(len(obstacles) == 1 for obstacles in check_operators(data).values())
    with pytest.raises(CheckFailed, match=r"SOFTMAX version 99.*4"):
        require_runtime(data, "litert-2.3")


def test_weights_that_an_old_runtime_would_ignore_are_refused(flatbuffers, photos, with_channel_scales):
    data = with_channel_scales(flatbuffers["dynamic"])
    here = [open_interpreter(model).run(photos[0])["diagnosis"] for model in (data, flatbuffers["dynamic"])]
    np.testing.assert_allclose(*here, atol=0.02)  # LiteRT reads both alike, each in its own kernel
    (obstacle,) = check_operators(data)["tflite-runtime-2.14"]
    assert obstacle.startswith("FULLY_CONNECTED")
    assert not check_operators(data)["litert-1.4"]
    with pytest.raises(CheckFailed, match="FULLY_CONNECTED"):
        require_runtime(data, "tflite-runtime-2.8")


def test_outputs_need_one_signature(flatbuffers, changed):
    assert sorted(Flatbuffer(flatbuffers["float32"]).output_names()) == ["diagnosis", "lighting"]

    def unnamed(model, names):
        model.signatureDefs = []

    with pytest.raises(CheckFailed, match=r"\b0\b"):
        Flatbuffer(changed(flatbuffers["float32"], unnamed)).output_names()


def test_a_runtime_that_a_file_must_run_in_fails_it_and_another_does_not(changed, flatbuffers, monkeypatch):
    monkeypatch.setattr("convert.verifying.runtime_gates.find_environments", dict)
    model = ModelFile(with_version(changed, flatbuffers["float32"], "CONV_2D", 8), {}, Path("never-read.tflite"))
    predictions = np.zeros((3, 10)), np.zeros(3)
    checked = GateInput(model, np.zeros((3, 32, 32, 3), np.uint8), predictions, predictions)

    def outcomes(*names):
        return {v.gate: v.outcome for v in gate_on_runtimes(names)(checked)}

    old, new = "operators: tflite-runtime 2.14", "operators: LiteRT 1.4 (Android)"
    assert (outcomes("litert-1.4")[old], outcomes("litert-1.4")[new]) == (NOT_REQUIRED, PASSED)
    assert outcomes("tflite-runtime-2.14")[old] == FAILED
    assert outcomes("mediapipe")["runs in MediaPipe Tasks ImageClassifier"] == NOT_TRIED
    with pytest.raises(UnusableInput, match="litert-9"):
        gate_on_runtimes(["litert-9"])
