"""Kill a command again and again, at random moments, and compare what it ends with to a run left alone.

    python -m tests.stress.kills prepare|phantoms|teacher|distill|convert|best [--kills 50] [--seed 0] [--json FILE]

A moment is a call of the progress function, or an operation on a file under the run's folders (opening, renaming,
removing), just before it happens; half of the kills are aimed at the time in which results are written. A killed run is
started again with the same arguments until it ends; then the next one begins, until there were enough kills. `best` is
`convert --best size`, which also proves the file.
TensorFlow is imported once: each attempt is a fork of a process that has not used it yet (POSIX only).

Checked after each kill: half-written files do not pile up, and nothing that was finished is lost or done again
(measured photos, epochs, the teacher's answers, converted files); a checkpoint is, bit for bit, one that the run left
alone wrote. Checked at the end: tables, reports and models are those of the run left alone.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.console import run_script
from tests.noise_data import TINY
from tests.stress.kills.jobs import JOBS, make_job
from tests.stress.kills.sweep import sweep


def main() -> None:
    """Sweep, print what was found, and exit with 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=JOBS)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--backbone", default=TINY, help="of the teacher or student: tiny, or a real one's name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = sweep(make_job(options.what, options.backbone), Path(folder), options.kills, options.seed)
    print(f"{outcome.kills} kills ({outcome.tail_kills} while results are written), {outcome.runs} runs ended")
    for fault in outcome.faults:
        print(f"fault: {fault}")
    if options.json:
        options.json.write_text(json.dumps(vars(outcome), indent=2) + "\n")
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    run_script(main)
