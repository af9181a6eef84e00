"""A table in a frame that the keyboard can scroll: `st.table` scrolls for the mouse alone where it is too wide."""

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from benchmarks.report.words import NOT_MEASURED

CELL = "min-width:5.5rem;padding:0.4rem 0.75rem;border-bottom:1px solid #8883;text-align:left;vertical-align:top"


def show_table(rows: Sequence[Mapping[str, str]], name: str) -> None:
    """Show rows of cells by column.

    Args:
        rows: all with the same columns; without any the table is said to be not measured.
        name: what the table shows, for screen readers.
    """
    if not rows:
        st.write(NOT_MEASURED)
        return
    head = "".join(f'<th scope="col" style="{CELL}">{html.escape(column)}</th>' for column in rows[0])
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}">{html.escape(cell)}</td>' for cell in row.values()) + "</tr>"
        for row in rows
    )
    st.html(
        f'<div role="region" aria-label="{html.escape(name)}" tabindex="0" style="overflow-x:auto">'
        f'<table style="border-collapse:collapse;font-size:0.9rem"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
