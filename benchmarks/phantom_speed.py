"""How fast phantoms are rendered and written, in two processes.

    python -m benchmarks.phantom_speed [COUNT]

JPEG files of 224 px in a temporary folder, which is removed.
"""

import argparse
import tempfile
import time
from pathlib import Path

from skin_data.sources.phantom import read_phantom

COUNT, SIZE, PROCESSES = 2000, 224, 2


def main(count: int = COUNT) -> None:
    """Render into a temporary folder and print the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        read_phantom(Path(folder), 1, count, SIZE, PROCESSES, lambda stage, done, total: None)
        seconds = time.perf_counter() - begun
    print(f"{count} phantoms of {SIZE} px in {seconds:.1f} s with {PROCESSES} processes, JPEG files included")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", nargs="?", type=int, default=COUNT, help="of phantoms; by default %(default)s")
    main(parser.parse_args().count)
