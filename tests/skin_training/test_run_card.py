import re

from skin_training.run_card import NOT_MEASURED, card_text
from triage.assessment import DISCLAIMER


def metric(value, n=40):
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": n}


def numbers_in(value):
    if isinstance(value, dict):
        return {number for part in value.values() for number in numbers_in(part)}
    if isinstance(value, list):
        return {number for part in value for number in numbers_in(part)}
    return {value} if isinstance(value, float) else set()


def small_report():
    part = {
        "n": 40,
        "diagnosis": {
            "accuracy": metric(0.625),
            "balanced_accuracy": {"value": None, "n": 3, "why": "too few samples"},
        },
        "lighting": {"auc": metric(0.875)},
    }
    per_class = {"nevus": {"recall": metric(0.5)}}
    test = {**part, "groups": 31, "synthetic": False, "tone_scheme": "ITA"}
    test |= {"per_class": per_class, "per_tone": {"dark": part}}
    return {"teacher": {"backbone": "resnet10", "parameters": 12, "meta_sha256": "ab", "test": test}}


def test_a_card_repeats_the_reports_metrics_and_says_what_was_not_measured():
    text = card_text("run", small_report())
    numbers = {float(number) for number in re.findall(r"\d\.\d{3}", text)}
    known = {round(number, 3) for number in numbers_in(small_report())}
    assert numbers == known
    assert "0.625 (0.525 to 0.725), n = 40" in text
    assert "| diagnosis balanced accuracy | too few samples |" in text
    assert f"| diagnosis macro F1 | {NOT_MEASURED} |" in text
    for title in ("After each phase", "Distillation gain", "Compression"):
        assert f"## {title}\n\n{NOT_MEASURED}\n" in text
    assert f"- after: {NOT_MEASURED}" in text
    assert "sent to a doctor" in text and "| Nevus | 0.500 (0.400 to 0.600), n = 40 |" in text
    assert DISCLAIMER in text
    assert "synthetic" not in text


def test_an_empty_report_makes_a_card_without_a_single_number():
    text = card_text("run", {})
    assert text.count(NOT_MEASURED) > 20
    cells = [cell for line in text.splitlines() if line.startswith("|") for cell in line.split("|")[2:]]
    assert not any(character.isdigit() for cell in cells for character in cell)


def test_a_students_card_shows_gain_and_gates():
    report = small_report()
    gain = {
        "verdict": "helped",
        "balanced_accuracy": metric(0.25),
        "lost": [{"slice": "dark", "change": -0.02, "n": 9}],
    }
    report["distill"] = {**report.pop("teacher"), "without_teacher": {"gain": gain}}
    gate = {"gate": "agreement", "measured": "0.500", "limit": "at least 0.97", "outcome": "failed"}
    report["verify"] = {"files": [{"variant": "int8", "passed": False, "gates": [gate], "test": {}}]}
    text = card_text("run", report)
    assert "helped; balanced accuracy +0.250 (+0.150 to +0.350)" in text
    assert "lost: dark -2.0 points, n = 9" in text
    assert "| int8 | agreement | 0.500 | at least 0.97 | failed |" in text


def test_a_card_has_coverage_by_tone_before_and_after_and_says_whom_one_temperature_does_not_serve():
    report = small_report()
    chance = {"mean": 0.125, "high": 0.175}
    report["teacher"]["test"] |= {
        "calibration": {
            "method": "temperature",
            "per_tone": {
                tone: {"ece_before": metric(0.3), "ece_after": metric(0.2), "ece_if_calibrated": {**chance, "p": p}}
                for tone, p in (("light", 0.04), ("dark", 0.001))
            },
            "alternatives": {"vector": {"per_tone": {"dark": metric(0.15)}}},
        },
        "conformal": {
            "per_tone": {"dark": {"coverage": metric(0.875), "mean_size": metric(2.5)}},
            "per_fitzpatrick": {"V and VI": {"coverage": metric(0.89), "mean_size": metric(2.25)}},
            "one_threshold": {"per_tone": {"dark": {"coverage": metric(0.8)}}},
        },
    }
    text = card_text("run", report)
    assert "| tone dark | 0.800 (0.700 to 0.900), n = 40 | 0.875 (0.775 to 0.975), n = 40 | 2.500" in text
    assert f"| Fitzpatrick V and VI | {NOT_MEASURED} | 0.890" in text
    assert "| dark | 0.300" in text and "| 0.150 (" in text
    # Of two tones, 0.04 is chance.
    assert "does not serve dark skin" in text and "vector" in text
    report["teacher"]["test"]["calibration"]["per_tone"].pop("dark")
    assert "does not serve light skin" in card_text("run", report)


def test_a_card_lists_the_photos_and_the_urgent_sensitivity_of_each_tone():
    report = small_report()
    test = report["teacher"]["test"]
    test["per_tone"] = {"light": {"n": 50}, "dark": {"n": 49}}
    test["triage"] = {"per_tone": {tone: {"sensitivity": metric(0.75, 20)} for tone in ("light", "dark")}}
    text = card_text("run", report)
    assert f"| light | 50 | 0.750 (0.650 to 0.850), n = 20 | {NOT_MEASURED} |" in text
    assert "| dark | 49, not checked on skin like this | 0.750" in text
