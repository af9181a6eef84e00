"""Pages of near-duplicates side by side, for review. They contain the photographs, so they are made only on request."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skin_data.duplicates import Duplicate
from skin_data.progress import Progress, no_progress
from skin_data.sources.record import Record
from triage.atomic import replacing
from triage.photo import read_photo, small_copy

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAIRS_ON_A_PAGE = 10
LARGEST_PAGES = 50
"""With more pairs than fit, those with the lowest correlation are shown."""
_SHOWN_SIDE = 240  # pixels, of a photo
_NAME_LENGTH = 34


def write_duplicate_sheets(
    folder: Path,
    records: Sequence[Record],
    splits: Sequence[str],
    pairs: Sequence[Duplicate],
    progress: Progress = no_progress,
) -> list[Path]:
    """Draw pairs with their names, splits, classes, distance and correlation, the lowest correlation first.

    Writes at most `LARGEST_PAGES` pages `page-001.png` and so on to the folder and returns them; pages of an earlier
    run are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("page-*.png"):
        old.unlink()
    doubtful = sorted(pairs, key=lambda pair: (pair.correlation, pair))[: LARGEST_PAGES * PAIRS_ON_A_PAGE]
    pages = [doubtful[start : start + PAIRS_ON_A_PAGE] for start in range(0, len(doubtful), PAIRS_ON_A_PAGE)]
    for number, page in enumerate(pages, start=1):
        with replacing(folder / f"page-{number:03d}.png") as temporary:
            title = f"Near-duplicates, page {number} of {len(pages)} ({len(pairs)} pairs)"
            _draw(page, records, splits, title).savefig(temporary, format="png")
        progress("draw near-duplicates", number, len(pages))
    return sorted(folder.glob("page-*.png"))


def _caption(record: Record, split: str) -> str:
    name = f"{record.path.parent.name}/{record.path.name}"
    name = name if len(name) <= _NAME_LENGTH else "…" + name[1 - _NAME_LENGTH :]
    # A dollar sign would start a formula.
    name = "".join(character if character.isprintable() else "?" for character in name).replace("$", r"\$")
    return f"{name}\n{split}, {record.diagnosis}"


def _draw(pairs: Sequence[Duplicate], records: Sequence[Record], splits: Sequence[str], title: str) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(pairs) // 2)
    figure = Figure(figsize=(12, 0.5 + 2.9 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=9)
    places = figure.subplots(rows, 4, squeeze=False).ravel()
    for place in places:
        place.set_axis_off()
    for number, pair in enumerate(pairs):
        measured = f"{pair.distance} bits apart, correlation {pair.correlation:.2f}"
        for place, photo, line in zip(places[2 * number :], (pair.first, pair.second), (measured, ""), strict=False):
            place.imshow(small_copy(read_photo(records[photo].path), _SHOWN_SIDE))
            place.set_title(f"{_caption(records[photo], splits[photo])}\n{line}", fontsize=7, loc="left")
    return figure
