"""All texts of the app by id; a translation is one more file beside `en.json`."""

import json
from importlib.resources import files

from triage.errors import UnusableInput

LANGUAGE = "en"


class Texts(dict[str, str]):
    """Texts of one language by id. Call it with an id and placeholder values to get the filled-in text.

    Example:
        >>> load_texts()("benchmark.milliseconds", value=2.13)
        '2.1 ms'
    """

    def __call__(self, text_id: str, /, **values: object) -> str:
        """Return a text with its placeholders filled.

        Raises:
            KeyError: unknown id, or a placeholder without a value.
        """
        return self[text_id].format_map(values)


def load_texts(language: str = LANGUAGE) -> Texts:
    """Read the texts of a language.

    Raises:
        UnusableInput: no such language, or the file is not a table of strings.
    """
    source = files(__name__) / f"{language}.json"
    if not source.is_file():
        raise UnusableInput(f"There are no texts in this language. Received: {language!r}. Try {LANGUAGE!r}.")
    texts = json.loads(source.read_text(encoding="utf-8"))
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise UnusableInput(f"Texts must be a JSON object of strings. Received: {source}.")
    return Texts(texts)
