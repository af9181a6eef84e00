"""From an answer to the words for it."""

from mobile_app.answer import Answer, Likeness
from mobile_app.texts import Texts


def percent(say: Texts, probability: float) -> str:
    """A calibrated probability as a number that promises no more than it holds: never 0% or 100%."""
    if probability < 0.01:
        return say("answer.under_one")
    if probability > 0.99:
        return say("answer.over_99")
    return say("answer.percent", value=probability)


def likeness(say: Texts, like: Likeness) -> str:
    """Word and number of one class, such as `possible, 41%`."""
    return f"{say(f'answer.{like.word}')}, {percent(say, like.probability)}"


def light_line(say: Texts, answer: Answer) -> str:
    """What is to be said about the light of the picture."""
    return say("answer.light_overruled" if overruled(answer) else "answer.light_good")


def overruled(answer: Answer) -> bool:
    """The picture was used in spite of a tip, or of light that the model found poor."""
    return answer.despite_light or not answer.lighting_confirmed


def headline(say: Texts, answer: Answer) -> str:
    """Over the list of classes."""
    return say("answer.cannot_tell" if answer.cannot_tell else "answer.looks_like")
