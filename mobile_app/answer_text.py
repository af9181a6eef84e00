"""Texts for an answer, shared by the answer screen and the shared page."""

from mobile_app.answer import Answer, RankedClass
from mobile_app.texts import Texts


def percent(tr: Texts, probability: float) -> str:
    """Return a probability of at least `answer.MIN_PROBABILITY` as a percentage, never 100%."""
    return tr("answer.over_99") if probability > 0.99 else tr("answer.percent", value=probability)


def probability_text(tr: Texts, entry: RankedClass) -> str:
    """Return word and percentage of a class, such as "possible, 41%"."""
    return f"{tr(f'answer.{entry.word}')}, {percent(tr, entry.probability)}"


def also_text(tr: Texts, answer: Answer) -> str:
    """Return the sentence about classes that are named without a probability; empty if there are none."""
    names = [entry.name for entry in answer.top if entry not in answer.rows]
    return tr("answer.also", names="; ".join(names)) if names else ""


def light_text(tr: Texts, answer: Answer) -> str:
    """Return the sentence about the photo's lighting."""
    return tr("answer.light_overruled" if light_overridden(answer) else "answer.light_good")


def file_text(tr: Texts, answer: Answer) -> str:
    """Return what was doubtful about the photo's file; empty if nothing was."""
    return tr("answer.file", doubts="; ".join(answer.warnings)) if answer.warnings else ""


def light_overridden(answer: Answer) -> bool:
    """Whether the photo was used although a tip or the model found a fault."""
    return answer.ignore_light or not answer.lighting_ok


def headline(tr: Texts, answer: Answer) -> str:
    """Return the headline above the list of classes, or instead of it."""
    if answer.reason:
        return tr(f"answer.reason.{answer.reason}")
    return tr("answer.one_of" if answer.one_of else "answer.looks_like")
