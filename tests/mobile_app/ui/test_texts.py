"""Every text that the code asks for exists, and none is there for nothing."""

import ast
import json
import re
from pathlib import Path

import pytest

from mobile_app.answer import PROBABILITY_WORDS, SIGNS_AT_ONCE, WARNING_SIGNS
from mobile_app.texts import load_texts
from mobile_app.ui.camera_messages import TROUBLES, UNITS
from mobile_app.ui.theme import URGENCY_COLORS
from skin_distill import assessment_text
from triage.assessment import DISCLAIMER
from triage.decision import REASONS
from triage.errors import UnusableInput
from triage.model_card import URGENCIES
from triage.tips import TIPS

APP = Path(__file__).parents[3] / "mobile_app"
LEAST_PREFIX = 4
"""Letters that a pattern such as f"tip.{tip}.headline" must begin with; otherwise it would match everything."""


def strings_in_the_code() -> tuple[set[str], set[str]]:
    """All literal strings, and all f-strings as patterns."""
    literals, patterns = set(), set()
    for path in APP.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        pieces = {id(value) for node in nodes if isinstance(node, ast.JoinedStr) for value in node.values}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
                literals.add(node.value)
            if isinstance(node, ast.JoinedStr):
                parts = [re.escape(v.value) if isinstance(v, ast.Constant) else r"[a-z0-9_]+" for v in node.values]
                if isinstance(node.values[0], ast.Constant) and len(node.values[0].value) >= LEAST_PREFIX:
                    patterns.add("".join(parts))
    return literals, patterns


def test_no_text_is_unused():
    literals, patterns = strings_in_the_code()
    unused = {i for i in load_texts() if i not in literals and not any(re.fullmatch(p, i) for p in patterns)}
    assert not unused


def test_every_id_in_the_code_has_a_text():
    texts = load_texts()
    literals, _ = strings_in_the_code()
    families = {text_id.split(".")[0] for text_id in texts}
    asked = {s for s in literals if re.fullmatch(r"[a-z]+(\.[a-z0-9_]+)+", s) and s.split(".")[0] in families}
    assert asked - set(texts) - {"settings.json"} == set()


def test_every_id_that_is_put_together_has_a_text():
    texts = load_texts()
    wanted = [f"tip.{tip}.{part}" for tip in TIPS for part in ("headline", "advice")]
    wanted += [f"why.{measure}" for measure in UNITS] + list(UNITS.values())
    wanted += [f"trouble.{trouble}{part}" for trouble in TROUBLES for part in ("", "_advice")]
    wanted += [f"answer.{word}" for _, word in PROBABILITY_WORDS] + [
        f"sign.{sign}" for sign in (*SIGNS_AT_ONCE, *WARNING_SIGNS)
    ]
    wanted += [f"answer.reason.{reason}{part}" for reason in REASONS for part in ("", "_text")]
    wanted += [f"answer.{urgency}{part}" for urgency in URGENCIES for part in ("", "_text")]
    wanted += [f"thermal.{note}" for note in ("steady", "slower_when_warm", "noisy")]
    assert set(wanted) <= set(texts)
    assert set(URGENCY_COLORS) == set(URGENCIES)


def test_tips_and_disclaimer_say_what_the_command_line_says():
    texts = load_texts()
    for tip_id, tip in TIPS.items():
        assert texts[f"tip.{tip_id}.headline"] == tip.headline
        assert texts[f"tip.{tip_id}.advice"] == tip.advice[0].upper() + tip.advice[1:]
    assert texts["answer.disclaimer"] == DISCLAIMER


def test_nobody_is_asked_to_follow_a_spot_over_time():
    """The app has no means for it: no two pictures side by side."""
    told = [*load_texts().values(), *assessment_text.URGENCIES.values(), *assessment_text.NO_ANSWER.values()]
    assert not [
        text for text in told if re.search(r"\b(compare|keep an eye|monitor|track|follow up|weeks later)\b", text, re.I)
    ]


def test_no_screen_has_words_of_its_own():
    for path in (APP / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = getattr(node, "func", None)
            if isinstance(node, ast.Call) and getattr(called, "id", "") in (
                "TextLabel",
                "TextButton",
                "info_card",
                "MenuRow",
            ):
                for argument in node.args:
                    said = argument.value if isinstance(argument, ast.Constant) else ""
                    assert not (isinstance(said, str) and " " in said), (path, said)


def test_placeholders_and_missing_texts():
    texts = load_texts()
    assert texts("benchmark.milliseconds", value=2.13) == "2.1 ms"
    with pytest.raises(KeyError):
        texts("no.such.text")
    with pytest.raises(UnusableInput, match="xx"):
        load_texts("xx")


def test_the_file_has_no_id_twice():
    def pairs(found: list[tuple[str, str]]) -> dict[str, str]:
        assert len({key for key, _ in found}) == len(found)
        return dict(found)

    json.loads((APP / "texts" / "en.json").read_text(encoding="utf-8"), object_pairs_hook=pairs)
