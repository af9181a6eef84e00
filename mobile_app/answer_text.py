"""Texts for an answer, shared by the answer screen and the shared page."""

from mobile_app.answer import MIN_PROBABILITY, Answer, RankedClass, word_for
from mobile_app.texts import Texts
from triage.answers import YEARS, Question

AGES = ((12.0, "under_20"), (30.0, "20_to_39"), (50.0, "40_to_59"), (70.0, "60_to_79"), (85.0, "80_or_more"))
"""Years that stand for each choice of a question about an age."""


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


def changed_texts(tr: Texts, answer: Answer) -> list[str]:
    """Return sentences about what the person's answers changed, the strongest first."""
    found = answer.assessment
    if found is None or found.answers is None or found.without_answers is None:
        return []
    before, effects = found.without_answers.ranking[0], found.answers.urgent
    word = tr(f"answer.{word_for(before.probability, before.urgency)}")
    texts = [tr("changed.before", name=before.name, word=word)]
    for question in sorted(effects, key=lambda question: -abs(effects[question])):
        change = effects[question]
        way = "same" if abs(change) < MIN_PROBABILITY else "more" if change > 0 else "less"
        texts.append(tr(f"changed.{way}", answer=answer_text(tr, question, found.answers.given[question])))
    return [*texts, tr("changed.urgency")]


def answer_text(tr: Texts, question: str, given: str | float) -> str:
    """Return a question and its answer as they were shown, such as "Does it itch? yes"."""
    if isinstance(given, str):
        told = tr.get(f"choice.{given}", given)
    else:
        told = next((tr(f"years.{key}") for years, key in AGES if years == given), f"{given:g}")
    return tr("questions.answered", question=tr.get(f"question.{question}", question), answer=told.lower())


def choices_of(tr: Texts, name: str, question: Question) -> list[tuple[object, str]]:
    """Return the choices of a card's question with their texts; none where a text is missing."""
    if f"question.{name}" not in tr:
        return []
    if question.get(YEARS):
        return [(years, tr(f"years.{key}")) for years, key in AGES]
    texts = [tr.get(f"choice.{choice}", "") for choice in question["effects"]]
    return list(zip(question["effects"], texts, strict=True)) if all(texts) else []
