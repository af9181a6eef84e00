"""The same photos through Python, `classify`, its JSON, the app and the shared page: all tell the same."""

import json
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from mobile_app.answer import MAX_CLASSES, MIN_PROBABILITY, Answer
from mobile_app.classifier import DEMO_MODEL, BackgroundClassifier
from mobile_app.shared_page import page_lines
from mobile_app.texts import load_texts
from skin_distill.assessment_text import NO_ANSWER, UNCHECKED, URGENCIES
from skin_distill.cli import cli
from triage import Triage
from triage.decision import MIN_TESTED, REASONS
from triage.interpreter import Interpreter
from triage.model_file import pack_model, read_model

TR = load_texts()


@pytest.fixture(scope="module")
def photos(lit_phantoms, tmp_path_factory) -> list[Path]:
    """Skin of all tones in good and poor light, and pictures without skin."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0).normal(0, 8, (360, 640, 1))
    pictures = {f"skin-{n}": photo for n, (photo, _) in enumerate(lit_phantoms[::3])}
    pictures |= {f"dark-{n}": photo // 8 for n, (photo, _) in enumerate(lit_phantoms[::5])}
    for name, color in (
        ("grey", (150, 150, 150)),
        ("leaf", (90, 140, 50)),
        ("sky", (120, 160, 230)),
        ("white", (250,) * 3),
    ):
        pictures[name] = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
    return sorted(folder.iterdir())


@pytest.fixture(
    scope="module", params=["trained on photographs", "unsure", "synthetic", "sets", "unchecked", "unfamiliar"]
)
def model(request, tmp_path_factory) -> Path:
    demo = read_model(DEMO_MODEL)
    card = {name: part for name, part in demo.card.items() if name not in ("familiarity", "prediction_sets")}
    card["synthetic"] = request.param == "synthetic"
    if request.param == "unsure":
        card["thresholds"] = {**demo.card["thresholds"], "abstain_below": 1.0}
    if request.param == "sets":
        quantiles = {"all": 0.9, "light": 0.95, "dark": 0.999}
        card["prediction_sets"] = {"coverage": 0.9, "penalty": 0.01, "free_ranks": 3, "quantiles": quantiles}
    if request.param == "unchecked":
        card["per_tone"] = {**demo.card["per_tone"], "light": {"n": 12}, "dark": {"n": 49}}
    if request.param == "unfamiliar":
        card["familiarity"] = {"method": "any", "refuse_below": 0.5}
    path = tmp_path_factory.mktemp("model") / "model.tflite"
    path.write_bytes(pack_model(demo.flatbuffer, card))
    return path


def in_app(classifier: BackgroundClassifier, photo: Path, ignore_light: bool) -> Answer:
    came, answers = threading.Event(), []
    classifier.submit(photo, lambda answer: (answers.append(answer), came.set()), ignore_light)
    assert came.wait(30)
    return answers[0]


@pytest.fixture(autouse=True)
def with_familiarity(monkeypatch):
    """Files to which dark photos are less familiar."""
    run = Interpreter.run

    def run_with_familiarity(self, pixels):
        return {**run(self, pixels), "familiarity": np.array([[pixels.mean() / 255]], np.float32)}

    monkeypatch.setattr(Interpreter, "run", run_with_familiarity)


@pytest.mark.parametrize("ignore_light", [False, True])
def test_all_ways_tell_the_same(photos, model, ignore_light, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # no sentence is broken
    triage, classifier, runner = Triage.load(model), BackgroundClassifier(model), CliRunner()
    command = ["classify", *map(str, photos), "--model", str(model), *(["--ignore-light"] if ignore_light else [])]
    told = json.loads(runner.invoke(cli, [*command, "--json"], catch_exceptions=False).stdout)
    blocks = runner.invoke(cli, command, catch_exceptions=False).stdout.split("\n\n")
    reasons, seen = set(), set()
    for photo, entry, block in zip(photos, told, blocks, strict=False):
        assessment = triage.assess(photo, ignore_light)
        decision = assessment.decision
        reasons.add(decision.reason)
        named = [d.label for d in assessment.diagnosis]
        # JSON
        assert entry["decision"] == {
            "urgency": decision.urgency,
            "abstained": decision.abstained,
            "reason": decision.reason,
            "prediction_set": list(decision.prediction_set),
            "tone": decision.tone,
            "checked": decision.checked,
            "familiarity": decision.familiarity,
        }
        assert [d["label"] for d in entry["diagnosis"]] == named
        # Terminal
        assert photo.name in block
        assert [reason for reason, text in NO_ANSWER.items() if text in block] == [decision.reason] * (not named)
        assert [urgency for urgency, text in URGENCIES.items() if f"{text}" in block] == [decision.urgency] * bool(
            named
        )
        assert [d.name in block for d in assessment.ranking[:1]] == [bool(named)]
        assert ("One of these" in block) is bool(decision.one_of)
        assert all(d.name in block for d in assessment.ranking if d.label in decision.one_of)
        unchecked = bool(named) and not decision.checked
        assert (UNCHECKED in block) is unchecked
        # App
        answer = in_app(classifier, photo, ignore_light)
        assert (answer.reason, answer.urgency) == (decision.reason, decision.urgency)
        likely = [d.label for d in assessment.diagnosis if d.probability >= MIN_PROBABILITY]
        assert [entry.label for entry in answer.top] == (list(decision.one_of) or likely[:MAX_CLASSES])
        assert answer.unchecked is unchecked
        # Shared page
        page = [text for part in page_lines(answer, TR) for _, text in part]
        shown = [reason for reason in REASONS if TR[f"answer.reason.{reason}"] in page]
        assert shown == [decision.reason] * bool(decision.reason)
        assert [u for u in URGENCIES if f"{TR['answer.next']}: {TR[f'answer.{u}']}" in page] == (
            [decision.urgency] if decision.urgency else []
        )
        assert (TR["answer.unchecked"] in page) is unchecked and (TR["answer.one_of"] in page) is bool(decision.one_of)
        seen |= {"one of"} if decision.one_of else set()
        seen |= {"unchecked"} if unchecked else set()
        # Never reassuring in doubt
        if decision.urgency == "watch":
            assert assessment.lighting.ok and decision.reason is None and not triage.card["synthetic"]
            assert decision.checked
    classifier.close()
    assert ("unfamiliar" in reasons) is ("familiarity" in triage.card)
    assert ("one of" in seen) is ("prediction_sets" in triage.card)
    assert "unchecked" in seen or triage.card["synthetic"] or triage.card["per_tone"]["light"]["n"] >= MIN_TESTED
    if triage.card["synthetic"]:
        assert reasons == {"synthetic_model"}
    else:
        assert {"no_skin"} < reasons and ("poor_light" in reasons) is not ignore_light
