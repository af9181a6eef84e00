"""CSV files: written so that any file name survives, read as text with errors that name file, row and cause."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from triage.errors import UnusableInput

FOREIGN = {
    b"PK": "a zip archive or a workbook (.xlsx, .ods): unpack it, or save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an Excel workbook: save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"Rar!": "a RAR archive: unpack it first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"PAR1": "a Parquet file: save the table as CSV (UTF-8)",
    b"%PDF": "a PDF: save the table as CSV (UTF-8)",
    b"\xff\xd8\xff": "a photo, not a table: give the folder of the photos, or a CSV file that lists them",
    b"\x89PNG": "a photo, not a table: give the folder of the photos, or a CSV file that lists them",
}
"""What a file is that begins so, and what to do with it."""
SEPARATORS = ",;\t|"
_SHOWN = 3  # rows named in an error


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

    Commas, semicolons, tabs or bars separate cells. Rows without any text are passed over, as spreadsheets leave them.
    The file is UTF-8, or UTF-16 with its byte-order mark; the index is a row's number in a spreadsheet.

    Raises:
        UnusableInput: not CSV, empty, a row with more or fewer cells than the header, or a column that is missing or
            there twice.
    """
    needed, advice = list(needed), advice and f" {advice}"
    try:
        content = path.read_bytes()
        header, rows = _rows(_decoded(content), needed)
    except OSError as error:
        raise UnusableInput(f"The table cannot be read. Received: {path} ({error.strerror}).{advice}") from error
    except (ValueError, csv.Error) as error:
        raise UnusableInput(f"The table cannot be read as CSV. Received: {path}: {error}.") from error
    if missing := [c for c in needed if c not in header]:
        raise UnusableInput(
            f"{path.name} lacks the columns {', '.join(missing)}. Received: {path} with {', '.join(header)}.{advice}"
        )
    if not rows:
        raise UnusableInput(f"The table has no row. Received: {path}.{advice}")
    index = list(rows)
    columns = [list(column) for column in zip(*rows.values(), strict=True)]
    del rows  # 100,000 rows have to fit in memory
    return pd.DataFrame(dict(zip(header, columns, strict=True)), index=index, dtype=str)


def _decoded(content: bytes) -> str:
    for start, what in FOREIGN.items():
        if content.startswith(start):
            raise ValueError(f"it is {what}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    if b"\0" in content:
        raise ValueError("it contains NUL bytes, as UTF-16 and damaged files do: save it as CSV (UTF-8)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {row} is not UTF-8: save it as CSV (UTF-8), or letters would be lost") from error


def _rows(text: str, needed: Sequence[str]) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header and the cells of each row by its number."""

    def reader(separator: str) -> Any:
        # strict: an open quotation mark would swallow the rest of the table.
        return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)

    headers: dict[str, list[str]] = {separator: next(reader(separator), []) for separator in SEPARATORS}
    separator = max(SEPARATORS, key=lambda s: (len(set(needed) & set(headers[s])), len(headers[s])))
    header = headers[separator]
    rows, odd = {}, []
    known: dict[str, str] = {}  # one copy of each cell
    for number, cells in enumerate(reader(separator), start=1):
        if not any(cell.strip() for cell in cells) or number == 1:
            continue
        if cells == header:
            raise ValueError(f"row {number} repeats the header: remove it")
        # A separator at the end of every row makes an empty cell.
        if len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            odd.append(f"row {number} has {len(cells)} cells")
        rows[number] = [known.setdefault(cell, cell) for cell in cells[: len(header)]]
    if not any(header):
        raise ValueError("it has no header")
    if odd:
        more = f" and {len(odd) - _SHOWN} more rows" if len(odd) > _SHOWN else ""
        raise ValueError(
            f"the header has {len(header)} columns, but {', '.join(odd[:_SHOWN])}{more}, and columns would shift. Put "
            f"quotation marks around cells that contain {separator!r}"
        )
    # A nameless column without text comes from separators at the ends of rows; others get pandas' name.
    kept = [n for n, name in enumerate(header) if name.strip() or any(cells[n].strip() for cells in rows.values())]
    header = [header[n] if header[n].strip() else f"Unnamed: {n}" for n in kept]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise ValueError(f"several columns are called {', '.join(twice)}: rename or remove all but one")
    return header, {number: [cells[n] for n in kept] for number, cells in rows.items()}
