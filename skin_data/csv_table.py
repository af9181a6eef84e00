"""CSV files: written so that any file name survives, read as text with errors that name the file."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from triage.errors import UnusableInput


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as CSV (RFC 4180 quoting, lines end in LF); None becomes an empty cell.

    Before Python 3.13 the csv module quotes a carriage return only where it is part of the line terminator, and
    unquoted it breaks the row. So each row is written with CRLF, which is then cut to LF.
    """
    lines = _Lines()
    csv.writer(lines, lineterminator="\r\n").writerows((header, *rows))
    return "".join(line[:-2] + "\n" for line in lines)


class _Lines(list[str]):
    write = list.append


def read_csv(path: Path, needed: Iterable[str], advice: str = "") -> pd.DataFrame:
    """Read a CSV file with every cell as text; nothing is parsed as a number or a missing value.

    Args:
        path: of the file, UTF-8.
        needed: required columns.
        advice: what to do about an error.

    Raises:
        UnusableInput: not CSV, empty, or a column is missing.
    """
    try:
        content = path.read_bytes()
        if b"\0" in content:
            raise ValueError("it contains NUL bytes, as UTF-16 and damaged files do; save it as UTF-8.")
        frame = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise UnusableInput(f"The table cannot be read. Received: {path} ({error.strerror}). {advice}") from error
    except ValueError as error:  # not UTF-8, not a table, empty
        raise UnusableInput(f"The table cannot be read as CSV. Received: {path}: {error} {advice}") from error
    if missing := [c for c in needed if c not in frame.columns]:
        raise UnusableInput(
            f"{path.name} lacks the columns {', '.join(missing)}. Received: {path} with {', '.join(frame.columns)}. "
            f"{advice}"
        )
    if frame.empty:
        raise UnusableInput(f"The table has no row. Received: {path}. {advice}")
    return frame
