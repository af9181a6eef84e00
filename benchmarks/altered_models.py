"""Alter a release file at random, again and again, and see that each altered one is refused before it is run.

    python -m benchmarks.altered_models MODEL.tflite [--count 10000] [--seed 0] [--json FILE]

Half of the alterations are one flipped bit anywhere, a quarter truncations, a quarter one flipped bit in the part that
is not the model: labels, card, the zip's directory, the checksum. Exits with 1 if one was accepted.
"""

import argparse
import json
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script
from triage.atomic import sha256_of, write_bytes
from triage.errors import UnusableInput
from triage.model_file import SEAL_BYTES, read_model


def parts_of(path: Path) -> dict[str, tuple[int, int]]:
    """Return where the parts of a release file begin and end."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
        starts = [*(entry.header_offset for entry in entries), archive.start_dir]
    parts = {"flatbuffer": (0, starts[0])}
    parts |= {e.filename: (starts[number], starts[number + 1]) for number, e in enumerate(entries)}
    return {**parts, "zip directory": (starts[-1], size - SEAL_BYTES), "checksum": (size - SEAL_BYTES, size)}


def alter(path: Path, count: int, seed: int) -> dict[str, Any]:
    """Alter a file and count what is refused.

    Returns:
        By part `altered`, `refused` and the messages' beginnings; `accepted` over all; truncations are a part.
    """
    data, parts = path.read_bytes(), parts_of(path)
    generator = np.random.default_rng(seed)
    altered: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    messages: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for number in range(count):
            if number % 4 == 0:
                part, changed = "truncated", data[: int(generator.integers(len(data)))]
            else:
                first = parts["flatbuffer"][1] if number % 4 == 1 else 0
                where = int(generator.integers(first, len(data)))
                part = next(name for name, (begin, end) in parts.items() if begin <= where < end)
                bit = 1 << int(generator.integers(8))
                changed = data[:where] + bytes([data[where] ^ bit]) + data[where + 1 :]
            copy.write_bytes(changed)
            altered[part] += 1
            try:
                read_model(copy)
            except UnusableInput as error:
                refused[part] += 1
                messages[str(error).split(".")[0].split(":")[0]] += 1
    return {
        "file": path.name,
        "sha256": sha256_of(path),
        "count": count,
        "seed": seed,
        "accepted": count - sum(refused.values()),
        "parts": {part: {"altered": altered[part], "refused": refused[part]} for part in sorted(altered)},
        "messages": dict(messages),
    }


def main() -> None:
    """Alter, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    read_model(arguments.model)
    found = alter(arguments.model, arguments.count, arguments.seed)
    text = json.dumps(found, indent=2) + "\n"
    print(text, end="")
    if arguments.json:
        write_bytes(arguments.json, text.encode("utf-8"))
    sys.exit(found["accepted"] > 0)


if __name__ == "__main__":
    run_script(main)
