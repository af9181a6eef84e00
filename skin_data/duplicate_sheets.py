"""Pages of near-duplicates side by side, for review. They contain the photographs, so they are made only on request."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skin_data.duplicates import Duplicate
from skin_data.progress import Progress, no_progress
from skin_data.sources.record import Record
from triage.atomic import replacing
from triage.photo import Photo, read_photo, small_copy

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
    written = []
    for number, page in enumerate(pages):
        shown = [
            [
                (read_photo(records[photo].path), _caption(records[photo], splits[photo]))
                for photo in (pair.first, pair.second)
            ]
            for pair in page
        ]
        path = folder / f"page-{number + 1:03d}.png"
        with replacing(path) as temporary:
            _draw(shown, page, f"Near-duplicates, page {number + 1} of {len(pages)} ({len(pairs)} pairs)").savefig(
                temporary, format="png"
            )
        written.append(path)
        progress("draw near-duplicates", number + 1, len(pages))
    return written


def _caption(record: Record, split: str) -> str:
    name = f"{record.path.parent.name}/{record.path.name}"
    name = name if len(name) <= _NAME_LENGTH else "…" + name[1 - _NAME_LENGTH :]
    # A dollar sign would start a formula.
    name = "".join(character if character.isprintable() else "?" for character in name).replace("$", r"\$")
    return f"{name}\n{split}, {record.diagnosis}"


def _draw(shown: Sequence[Sequence[tuple[Photo, str]]], pairs: Sequence[Duplicate], title: str) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = -(-len(pairs) // 2)
    figure = Figure(figsize=(12, 0.5 + 2.9 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=9)
    axes = figure.subplots(rows, 4, squeeze=False)
    for place in axes.flat:
        place.set_axis_off()
    for number, (photos, pair) in enumerate(zip(shown, pairs, strict=True)):
        for side, (photo, caption) in enumerate(photos):
            place = axes[number // 2, 2 * (number % 2) + side]
            place.imshow(small_copy(photo, _SHOWN_SIDE))
            measured = f"\n{pair.distance} bits apart, correlation {pair.correlation:.2f}" if side == 0 else "\n"
            place.set_title(caption + measured, fontsize=7, loc="left")
    return figure
