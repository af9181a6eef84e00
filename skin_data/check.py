"""Check an existing meta.csv: no group and no picture in two splits, and no missing photo."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skin_data.duplicates import COPY_DETAIL, same_pictures
from skin_data.findings import UNUSED_GROUP, doubts_of
from skin_data.manifest import read_manifest
from skin_data.perceptual_hash import Outline, outline
from skin_data.progress import Progress, no_progress
from triage.errors import UnreadablePhoto
from triage.photo import read_photo


@dataclass(frozen=True)
class Problem:
    """Something wrong with a table, or only doubtful: its kind, and the rows or photos concerned."""

    kind: str
    detail: str
    is_doubt: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


def check_manifest(path: str | Path, progress: Progress = no_progress) -> list[Problem]:
    """Look for leaks between splits, for missing photos and for what is doubtful.

    Pictures are compared by the photos themselves, not by the table.

    Returns:
        Problems: `missing photo` (or an unreadable one), `shared group` (in two splits), `same picture` (copies in two
        splits), a column that looks like a group and is in two splits, and the other doubts of `findings`.
    """
    manifest = read_manifest(path)
    frame = manifest.frame
    problems = [Problem(doubt.kind, doubt.detail, doubt.kind != UNUSED_GROUP) for doubt in doubts_of(manifest)]
    for group, members in frame[frame.groupby("group")["split"].transform("nunique") > 1].groupby("group"):
        # One photo per split is enough; a large group has thousands of pairs.
        first = members.drop_duplicates("split")
        shown = " and ".join(f"{row['image_path']} ({row['split']})" for _, row in first.iterrows())
        problems.append(Problem("shared group", f"{group}: {shown}"))
    outlines, rows = [], []
    paths = manifest.photo_paths(frame)
    # Threads, because OpenCV releases the interpreter lock.
    with ThreadPoolExecutor() as pool:
        for number, seen in enumerate(pool.map(_outline_or_reason, paths)):
            if isinstance(seen, str):
                problems.append(Problem("missing photo", seen))
            else:
                outlines.append(seen)
                rows.append(number)
            progress("check photos", number + 1, len(paths))
    # Only certain copies: different lesions may look alike, and phantoms all do.
    if outlines and not manifest.synthetic:
        same = same_pictures(
            np.stack(outlines),
            [paths[row] for row in rows],
            lambda done, total: progress("compare near-duplicates", done, total),
            COPY_DETAIL,
        )
        for pair in same:
            one, other = frame.iloc[rows[pair.first]], frame.iloc[rows[pair.second]]
            labels = one["diagnosis"], other["diagnosis"]
            if None not in labels and labels[0] != labels[1]:
                places = f"{one['image_path']} ({labels[0]}) and {other['image_path']} ({labels[1]})"
                problems.append(Problem("copy with another diagnosis", places, True))
            if one["split"] != other["split"]:
                problems.append(
                    Problem(
                        "same picture",
                        f"{one['image_path']} ({one['split']}) and {other['image_path']} ({other['split']}), "
                        f"{pair.distance} bits apart, correlation {pair.correlation:.2f}",
                    )
                )
    return problems


def _outline_or_reason(photo: Path) -> Outline | str:
    try:
        return outline(read_photo(photo))
    except UnreadablePhoto as error:
        return str(error)
