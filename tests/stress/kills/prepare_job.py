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
    """`prepare` in two processes, of a folder of photographs or of phantoms that it renders itself.

    What the ledgers remember is not done again.
    """

    tail = "rejected"  # rejected.csv comes after the last photo is measured
    left_over = 1 + WORKERS

    def __init__(self, kind: str):
        """Choose the kind of the data set, folder or phantom."""
        self.kind = kind

    def load(self) -> None:
        """Import the preparation."""
        import skin_data.prepare  # noqa: F401

    def make_material(self, folder: Path) -> None:
        """Write class folders with photos of noise, the same photo in two of them, a damaged one and a text."""
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
        """Prepare."""
        from skin_data.prepare import prepare

        if self.kind == "phantom":
            prepare("phantom", None, root, workers=WORKERS, progress=progress, count=PHOTOS, size=SIZE)
        else:
            prepare(self.kind, material / "photos", root, workers=WORKERS, progress=progress, show_duplicates=True)

    def faults(self, root: Path, before: Any, records: Sequence[Record], alone: Sequence[Record]) -> list[str]:
        """Look for what was remembered and is done again."""
        names = ((ledger, name) for ledger in LEDGERS for name, _ in _entries(root / ledger))
        return [f"{name} was done again: {ledger}" for (ledger, name), times in Counter(names).items() if times > 1]

    def result(self, root: Path) -> dict[str, Any]:
        """Return all files but the ledgers by their hash, and of the ledgers what they remember."""
        remembered = {ledger: sorted(_entries(root / ledger)) for ledger in LEDGERS}
        return {**remembered, "files": files_of(root, lambda path: path.suffix != ".jsonl")}


def _entries(ledger: Path) -> list[tuple[str, str]]:
    """Return name and result of each item of a ledger; photos that could not be read are looked at by each start."""
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
