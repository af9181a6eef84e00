"""A few questions about the spot, between photo and answer; each may be left out."""

from collections.abc import Sequence

from mobile_app.answer import Answer
from mobile_app.answer_text import choices_of
from mobile_app.ui.app import SkinApp
from mobile_app.ui.focus import focused, refocus
from mobile_app.ui.label import TextLabel
from mobile_app.ui.menu import OptionGroup
from mobile_app.ui.page import Page
from mobile_app.ui.widgets import Column


class QuestionsScreen(Page):
    """Asks what the card asks and the app has words for; an answer that is pressed again is taken back."""

    def __init__(self, app: SkinApp, answer: Answer):
        super().__init__(app.style, app.style.tr("questions.title"), app.back)
        self._app = app
        self._given: dict[str, object] = dict(answer.given)
        self.add(TextLabel(app.style, app.style.tr("questions.text")))
        card = app.classifier.card
        questions = card["answers"]["questions"] if card else {}
        known = {name: found for name in questions if (found := choices_of(app.style.tr, name, questions[name]))}
        # What is answered at once comes first.
        for name in sorted(known, key=lambda name: len(known[name])):
            self.add(self._group(name, known[name]))
        self.footer(
            ("questions.show", "forward", lambda: app.answer_with(answer, self._given)),
            ("questions.skip", "close", lambda: app.answer_with(answer, {})),
            stacked=True,
        )

    def _group(self, name: str, choices: Sequence[tuple[object, str]]) -> Column:
        column = Column(TextLabel(self.style, self.style.tr(f"question.{name}"), "heading", bold=True))

        def show() -> None:
            held = focused(column)
            for earlier in [child for child in column.children if isinstance(child, OptionGroup)]:
                column.remove_widget(earlier)
            column.add_widget(OptionGroup(self.style, choices, self._given.get(name), press))
            if held:
                refocus(column, held.label)

        def press(choice: object) -> None:
            if self._given.get(name) == choice:
                del self._given[name]
            else:
                self._given[name] = choice
            show()

        show()
        return column
