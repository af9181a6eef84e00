"""The numbers of README and docs/results.md are those of the committed reports."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README, RESULTS = ((ROOT / name).read_text() for name in ("README.md", "docs/results.md"))
TONES = ("light", "medium", "dark")


def report(run):
    return json.loads((ROOT / "experiments" / run / "report.json").read_text())


def interval(metric, scale=1.0, digits=3):
    value, low, high = (f"{scale * metric[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def file_of(run, variant):
    return next(file for file in report(run)["verify"]["files"] if file["variant"] == variant)


TEACHER = report("lite2-teacher-again")["teacher"]["test"]
STUDENT = report("lite2-long-42")["distill"]["test"]
PHONE = file_of("lite2-long-42", "int8-weights")["test"]
MODELS = {"teacher": TEACHER, "student": STUDENT, "phone file": PHONE}


def row(text, *parts):
    """The only table row that has all the parts."""
    (found,) = [line for line in text.splitlines() if line.startswith("|") and all(part in line for part in parts)]
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_table_of_the_readme(name):
    test, found = MODELS[name], row(README, f"| {name},")
    assert interval(test["diagnosis"]["accuracy"]) in found
    assert interval(test["diagnosis"]["balanced_accuracy"]) in found
    tones = {tone: test["per_tone"][tone]["diagnosis"]["accuracy"] for tone in TONES}
    worst = min(tones, key=lambda tone: tones[tone]["value"])
    assert f"{interval(tones[worst])}, {worst}" in found


@pytest.mark.parametrize("name", MODELS)
def test_the_headline(name):
    test, found = MODELS[name], row(RESULTS, f"| {name},")
    for head, metric in (("diagnosis", "accuracy"), ("diagnosis", "balanced_accuracy"), ("lighting", "auc")):
        assert interval(test[head][metric]) in found
    assert f"{test['diagnosis']['ece']['value']:.3f}" in found


@pytest.mark.parametrize(
    ("name", "test"), [("| teacher |", TEACHER), ("| student |", STUDENT), ("| `int8-weights` |", PHONE)]
)
def test_accuracy_by_skin_tone(name, test):
    section = RESULTS.split("## Skin tone")[1].split("## ")[0]
    (found,) = [line for line in section.splitlines() if line.startswith(name)]
    cells = [interval(test["per_tone"][tone]["diagnosis"]["accuracy"]) for tone in TONES]
    assert found == f"{name} {' | '.join(cells)} |"


@pytest.mark.parametrize(
    ("name", "test"), [("| teacher |", TEACHER), ("| student |", STUDENT), ("| `int8-weights` |", PHONE)]
)
def test_recall_of_the_cancers(name, test):
    section = RESULTS.split("## The cancers")[1].split("## ")[0]
    (found,) = [line for line in section.splitlines() if line.startswith(name)]
    cells = [interval(test["per_class"][cancer]["recall"]) for cancer in ("melanoma", "basal_cell_carcinoma")]
    assert found == f"{name} {' | '.join(cells)} |"


@pytest.mark.parametrize("run", ["lite2-long-42-again", "lite2-long-43", "lite2-long-44"])
def test_distillation_gain(run):
    gain = report(run)["distill"]["without_teacher"]["gain"]
    cells = [interval(gain[key], 100, 1) for key in ("accuracy", "balanced_accuracy")]
    cells += [f"{100 * gain['per_tone'][tone]['value']:.1f}" for tone in TONES]
    assert row(RESULTS, f"| `{run}` |") == f"| `{run}` | {' | '.join(cells)} |"


def test_the_patient_student():
    section = RESULTS.split("## Two sources, 60 epochs")[1].split("\n## ")[0]
    distilled = report("patient-student-42")["distill"]
    outside = distilled["also"]["pad"]
    baseline = distilled["without_teacher"]
    for name, test, model in (
        ("teacher", distilled["teacher_test"], "teacher"),
        ("student", distilled["test"], "student"),
        ("baseline", baseline["test"], "student-without-teacher"),
    ):
        parts = [test["slices"]["data set"][part] for part in ("kaggle10", "listed")] + [outside["test"][model]]
        cells = [interval(part["diagnosis"]["balanced_accuracy"]) for part in parts]
        cells += [interval(test["diagnosis"]["accuracy"]), f"{test['diagnosis']['ece']['value']:.3f}"]
        assert row(section, name).endswith(f"| {' | '.join(cells)} |")
    for gain in (baseline["gain"], outside["gain"]):
        assert interval(gain["balanced_accuracy"], 100, 1) in section
    assert interval(baseline["gain"]["per_tone"]["medium"], 100, 1) in section


@pytest.mark.parametrize("variant", ["float32", "float16", "int8-weights", "dynamic", "int8", "int8-qat"])
def test_quantization(variant):
    file = file_of("lite2-oversampled-42" if variant == "int8-qat" else "lite2-long-42", variant)
    found = row(RESULTS.split("## Quantization")[1].split("## Latency")[0], f"`{variant}`")
    assert f"| {file['bytes'] / 1e6:.2f} | {interval(file['test']['diagnosis']['balanced_accuracy'])} |" in found
    assert f"| {file['comparison']['agreement']:.3f} | {'passed' if file['passed'] else 'failed'} |" in found


@pytest.mark.parametrize("run", ["latency-without-vnni", "latency-with-vnni"])
def test_latency(run):
    results = json.loads((ROOT / "experiments" / run / "latency.json").read_text())["results"]
    section = RESULTS.split("## Latency")[1].split("## HAM10000")[0]
    for result in results:
        name = result["model"].removesuffix(".tflite").removeprefix("student-")
        if result["threads"] == 1 and result["way"] == "best":
            found = row(section, "MobileNetV2" if name.startswith("mobilenet") else f"`{name}`")
            assert f"{result['p50_ms']:.2f} ({result['p90_ms']:.2f})" in found


@pytest.mark.parametrize("run", ["ham-teacher", "ham-student-42", "ham-student-43", "ham-student-44"])
def test_ham10000(run):
    section = report(run)
    test = section.get("distill", section.get("teacher"))["test"]["diagnosis"]
    found = row(RESULTS, f"| `{run}` |")
    assert f"| {interval(test['accuracy'])} | {interval(test['balanced_accuracy'])} |" in found
    if "distill" in section:
        assert interval(section["distill"]["without_teacher"]["gain"]["balanced_accuracy"], 100, 1) in found


def test_the_gain_where_training_is_short():
    tests = [report("quick-teacher")["teacher"]["test"]]
    for run in ("quick-student", "quick-student-43"):
        distilled = report(run)["distill"]
        tests += [distilled["test"], distilled["without_teacher"]["test"]]
    for test in tests:
        assert row(RESULTS, interval(test["diagnosis"]["accuracy"]), interval(test["diagnosis"]["balanced_accuracy"]))
