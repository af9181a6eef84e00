"""Tables of the report, which become cards in a narrow window."""

from collections.abc import Sequence
from html import escape

from benchmarks.report import words
from benchmarks.report.collect import Entry


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f"<th scope='col'>{escape(column)}</th>" for column in columns)
    body = ""
    for row in rows:
        cells = [f"<td data-label='{name}'><span>{text}</span></td>" for name, text in zip(columns, row, strict=True)]
        body += f"<tr>{''.join(cells)}</tr>"
    return f"<table class='cards'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def cell(text: str) -> str:
    """Return a value as HTML, with its interval or remark in small type."""
    text = escape(text)
    if text.startswith(words.NOT_MEASURED):
        return f'<span class="missing">{text}</span>'
    head, bracket, rest = text.partition(" (")
    return f"{head} <small>({rest}</small>" if bracket else text


def model_name(number: int, series: int, entry: Entry) -> str:
    """Return a model's number in the colour of its run, its name and its run."""
    return (
        f'<span class="number-of s{series % 4}">{number}</span>{escape(entry.name)} <small>{escape(entry.run)}</small>'
    )
