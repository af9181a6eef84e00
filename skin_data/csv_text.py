"""Tables as text that any CSV reader understands, whatever stands in a file name."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table as CSV (RFC 4180 quoting, lines end in LF); None becomes an empty cell.

    Before Python 3.13 the csv module quotes a carriage return only where it is part of the line's end, and unquoted it
    breaks the row. So each row is written with CRLF, which is then cut to LF.
    """
    text, line = io.StringIO(), io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in (header, *rows):
        writer.writerow(["" if cell is None else cell for cell in row])
        text.write(line.getvalue()[:-2] + "\n")
        line.seek(0)
        line.truncate()
    return text.getvalue()
