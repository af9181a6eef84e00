import json
import re
import shutil
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import stats

from benchmarks.latency import interleaved as latency
from benchmarks.latency.candidates import candidates_of
from benchmarks.latency.compare import compare, read_result
from benchmarks.latency.operator_profile import operator_profile
from benchmarks.latency.ratios import T_975, paired_ratio, unpaired_ratio, verdict
from convert.flatbuffer import Flatbuffer
from triage.errors import CheckFailed, MissingDependency, UnusableInput


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setitem(latency.MODES, "rapid", latency.Mode(rounds=2, warm_up=1, runs=5, seconds=0.0))


def test_models_and_other_ways_are_measured_in_the_same_rounds(model, quick):
    seen = []
    found = latency.benchmark([model], (1,), progress=lambda *step: seen.append(step[1:]), also=["tensorflow"])
    assert seen[-1] == (4, 4)
    best, tensorflow = found["results"]
    assert (best["model"], tensorflow["model"]) == (model.name, f"{model.name} (tensorflow)")
    assert tensorflow["runtime"].startswith("tensorflow 2")
    for result in found["results"]:
        assert result["inferences"] == 10
        assert 0 < result["least_ms"] <= result["p50_ms"] <= result["p90_ms"] <= result["p99_ms"]
        assert len(result["round_medians_ms"]) == 2
        assert result["ratio"]["low"] <= result["ratio"]["value"] <= result["ratio"]["high"]
    assert best["ratio"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["files"][model.name]["partitions"]["count"] >= 1
    assert {"cpu", "governor", "load_average", "load_average_before", "runtime", "packages"} <= set(found["machine"])
    json.dumps(found, allow_nan=False)


def test_a_way_whose_library_is_missing_is_refused_before_anything_is_measured(model):
    if find_spec("tflite_runtime"):
        pytest.skip("this Python has tflite_runtime")
    with pytest.raises(MissingDependency, match="tflite_runtime"):
        candidates_of([model], ["tflite_runtime"])


def test_a_way_that_cannot_run_a_file_says_why_and_the_rest_goes_on(model, quick, monkeypatch):
    run = latency.run_worker

    def fail(module, way, *arguments, **options):
        if way == "tensorflow":
            raise CheckFailed("no such operator")
        return run(module, way, *arguments, **options)

    monkeypatch.setattr(latency, "run_worker", fail)
    found = latency.benchmark([model], also=["tensorflow"])["results"]
    assert "p50_ms" in found[0]
    assert found[1]["why"] == "no such operator" and found[1]["model"] == f"{model.name} (tensorflow)"


def test_a_model_that_cannot_be_used_is_wrong_use_and_named(quick, tmp_path):
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"\x1c\0\0\0TFL3" + bytes(100))
    with pytest.raises(UnusableInput, match=r"broken\.tflite") as error:
        latency.benchmark([broken])
    assert "process" not in str(error.value)


def test_a_model_that_kills_its_process_is_named(model, quick, monkeypatch):
    def die(*_, **__):
        raise CheckFailed("exit code -9")

    monkeypatch.setattr(latency, "run_worker", die)
    with pytest.raises(CheckFailed, match=rf"{re.escape(str(model))}.*-9"):
        latency.benchmark([model])


FOREIGN = {
    "dynsize.tflite": "no fixed input size",
    "half.tflite": "float16",
    "nchw.tflite": "NCHW",
    "nonsquare.tflite": "240 x 320",
    "other.keras": "Keras 3",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_model_is_wrong_use_with_its_cause(shared_data, quick, name):
    path = shared_data / "cases" / "foreign-models" / name
    if not path.is_file():
        pytest.skip("no such case on this machine")
    with pytest.raises(UnusableInput, match=FOREIGN[name]):
        latency.benchmark([path])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["missing.tflite"],), "missing.tflite"),
        ((["missing.keras"],), "missing.keras"),
        ((["m.tflite"], ["onnx"]), "tensorflow"),
        ((["m.tflite"], ["keras"]), "student.keras"),
    ],
)
def test_unusable_candidates_are_refused_before_anything_is_measured(arguments, message):
    with pytest.raises(UnusableInput, match=message):
        candidates_of(*arguments)


def test_files_of_the_same_name_get_distinct_names(tmp_path, model):
    for run in ("a", "b"):
        (tmp_path / run / "models").mkdir(parents=True)
        shutil.copy(model, tmp_path / run / "models" / "student.tflite")
    paths = [tmp_path / run / "models" / "student.tflite" for run in ("a", "b")]
    assert [c.name for c in candidates_of(paths)] == ["a/models/student.tflite", "b/models/student.tflite"]
    assert [c.name for c in candidates_of([paths[0], model])] == ["student.tflite", model.name]


def test_keras_takes_the_student_beside_the_file(model):
    names = [candidate.name for candidate in candidates_of([model], ["keras"])]
    assert names == [model.name, "student.keras (keras)"]


def test_ratios_by_hand():
    rounds = np.array([1.0, 3.0, 2.0])  # a drift that hits both alike
    assert paired_ratio(2 * rounds, rounds) == pytest.approx({"value": 2, "low": 2, "high": 2})
    noisy = unpaired_ratio(rounds, rounds)
    assert noisy["value"] == pytest.approx(1) and noisy["low"] < 1 < noisy["high"]
    assert verdict(noisy) == "cannot tell"
    assert verdict({"value": 0.9, "low": 0.8, "high": 0.99}) == "faster"
    assert verdict({"value": 1.2, "low": 1.1, "high": 1.3}) == "slower"


def test_intervals_are_those_of_students_t():
    generator = np.random.default_rng(3)
    one, other = np.exp(0.05 * generator.normal(size=7)), np.exp(0.2 * generator.normal(size=4))
    paired = stats.ttest_rel(np.log(one[:4]), np.log(other)).confidence_interval()
    welch = stats.ttest_ind(np.log(one), np.log(other), equal_var=False)
    found = paired_ratio(one[:4], other)
    assert np.log([found["low"], found["high"]]) == pytest.approx([paired.low, paired.high], rel=1e-3)
    assert [stats.t.ppf(0.975, freedom) for freedom in range(1, 21)] == pytest.approx(T_975, abs=6e-4)
    # Degrees of freedom are rounded down.
    half = stats.t.ppf(0.975, int(welch.df)) * abs(np.log(one).mean() - np.log(other).mean()) / abs(welch.statistic)
    found = unpaired_ratio(one, other)
    assert np.log(found["high"] / found["value"]) == pytest.approx(half, rel=1e-3)


def test_equal_models_are_rarely_significantly_different():
    rounds = np.exp(0.05 * np.random.default_rng(0).normal(size=(2000, 2, 3)))
    for ratio in (paired_ratio, unpaired_ratio):
        assert np.mean([verdict(ratio(*pair)) != "cannot tell" for pair in rounds]) < 0.07


def test_a_result_is_compared_by_model_and_threads(result):
    slower = json.loads(json.dumps(result))
    slower["machine"]["cpu"] = "another"
    for each in slower["results"]:
        each["round_medians_ms"] = [1.5 * ms for ms in each["round_medians_ms"]]
        each["p50_ms"] *= 1.5
    slower["results"][1]["threads"] = 2
    found = compare(slower, result)
    assert found["differences"] == {"cpu": ["another", "c"]}
    (row,) = found["rows"]
    assert (row["model"], row["verdict"], row["same_file"]) == ("a.tflite", "slower", True)
    assert row["ratio"]["value"] == pytest.approx(1.5)


def test_the_least_that_a_phone_writes_can_be_compared(result, tmp_path):
    phone = tmp_path / "phone.json"
    phone.write_text(json.dumps({"format": 1, "results": [{"model": "a.tflite", "threads": 1, "p50_ms": 8.0}]}))
    (row,) = compare(result, read_result(phone))["rows"]
    assert row["ratio"] == {"value": pytest.approx(result["results"][0]["p50_ms"] / 8)}
    assert (row["verdict"], row["same_file"]) == ("cannot tell", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"format": 2, "results": []}',
        '{"format": 1}',
        '{"format": 1, "results": [{"model": "a", "threads": 1}]}',
    ],
)
def test_other_files_are_refused_as_results(text, tmp_path):
    path = tmp_path / "old.json"
    path.write_text(text)
    with pytest.raises(UnusableInput, match=r"old\.json"):
        read_result(path)


def test_the_operator_profile_is_that_of_the_graph(model):
    found = operator_profile(model)
    if "why" in found:
        pytest.skip(found["why"])
    names = {row["operator"].split(" (")[0]: row["count"] for row in found["operators"]}
    in_graph = [operator.name for operator in Flatbuffer(model.read_bytes()).operators]
    assert (names["Softmax"], names["Sigmoid"]) == (in_graph.count("SOFTMAX"), in_graph.count("LOGISTIC"))
    assert sum(count for name, count in names.items() if name.startswith("Convolution")) >= 11
    assert sum(row["share"] for row in found["operators"]) == pytest.approx(1, abs=0.01)
    assert [row["ms"] for row in found["operators"]] == sorted((row["ms"] for row in found["operators"]), reverse=True)


def test_a_file_that_cannot_be_profiled_says_why(tmp_path):
    assert "why" in operator_profile(tmp_path / "missing.tflite")
