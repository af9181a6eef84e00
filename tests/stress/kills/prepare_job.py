"""The preparation of a small data set."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skin_data.progress import Progress
from tests.stress.kills.job import Job, Record, files_of

CLASSES, PHOTOS = 6, 48
SIZE = 64
WORKERS = 2
LEDGERS = (".measurements.jsonl", "images/truth-seed-42-64px.jsonl")


class PrepareJob(Job):
    """`prepare` in two processes, of a folder of photos or of phantoms; what the ledgers hold is not repeated."""

    tail = "rejected"  # rejected.csv comes after the last photo is measured
    left_over = 1 + WORKERS

    def __init__(self, kind: str):
        self.kind = kind

    def load(self) -> None:
        import skin_data.prepare  # noqa: F401

    def make_material(self, folder: Path) -> None:
        """Write class folders of noise photos, with one photo in two of them, a damaged one and a text file."""
        import cv2

        generator = np.random.default_rng(0)
        for number in range(PHOTOS):
            place = folder / "photos" / f"{number % CLASSES} class"
            place.mkdir(parents=True, exist_ok=True)
            coarse = generator.integers(0, 256, (8, 8, 3), np.uint8)
            cv2.imwrite(str(place / f"{number}.png"), cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC))
        first = (folder / "photos/0 class/0.png").read_bytes()
        (folder / "photos/1 class/same.png").write_bytes(first)
        (folder / "photos/2 class/damaged.png").write_bytes(first[: len(first) // 2])
        (folder / "photos/3 class/notes.txt").write_text("no photo")

    def run(self, material: Path, root: Path, progress: Progress) -> None:
        from skin_data.prepare import prepare

        if self.kind == "phantom":
            prepare("phantom", None, root, workers=WORKERS, progress=progress, count=PHOTOS, size=SIZE)
        else:
            prepare(self.kind, material / "photos", root, workers=WORKERS, progress=progress, show_duplicates=True)

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        names = ((ledger, name) for ledger in LEDGERS for name, _ in _entries(root / ledger))
        return [f"{name} was done again: {ledger}" for (ledger, name), times in Counter(names).items() if times > 1]

    def result(self, root: Path) -> dict[str, Any]:
        """Return the hash of all files but the ledgers, and the ledgers' entries."""
        remembered = {ledger: sorted(_entries(root / ledger)) for ledger in LEDGERS}
        return {**remembered, "files": files_of(root, lambda path: path.suffix != ".jsonl")}


def _entries(ledger: Path) -> list[tuple[str, str]]:
    """Return name and result of each entry of a ledger but unreadable photos, which each start reads again."""
    found = []
    for line in ledger.read_bytes().splitlines() if ledger.is_file() else []:
        try:
            entry = json.loads(line)
        except ValueError:  # cut short by a kill
            continue
        if "error" not in entry["result"]:
            # A key is the code's fingerprint, a path or name, and what changes with the file.
            found.append((Path(entry["key"].split("|")[1]).name, json.dumps(entry["result"])))
    return found
