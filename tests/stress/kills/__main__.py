"""Kill a command again and again at random moments, and compare its final state with an undisturbed run.

    python -m tests.stress.kills prepare|phantoms|teacher|distill|convert|best [--kills 50] [--seed 0] [--json FILE]

A moment is a call of the progress function, or a file operation below the run's folders (open, rename, remove), just
before it happens; half of the kills are aimed at the time in which results are written. A killed run is started again
with the same arguments until it finishes; then the next one begins. `best` is `convert --best size`.

After each kill: half-written files do not accumulate, and nothing finished is lost or repeated (measured photos,
epochs, teacher predictions, converted files); a checkpoint is bit for bit one of the undisturbed run. At the end:
tables, reports and models equal those of the undisturbed run.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.console import run_script
from tests.noise_data import TINY
from tests.stress.kills.jobs import JOBS, make_job
from tests.stress.kills.sweep import sweep
from triage.atomic import write_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=JOBS)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--backbone", default=TINY, help="of the teacher or student: tiny, or a real one's name")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = sweep(make_job(options.what, options.backbone), Path(folder), options.kills, options.seed)
    print(f"{outcome.kills} kills ({outcome.tail_kills} while results are written), {outcome.runs} runs finished")
    for fault in outcome.faults:
        print(f"fault: {fault}")
    if options.json:
        write_json(options.json, vars(outcome))
    sys.exit(bool(outcome.faults))


if __name__ == "__main__":
    run_script(main)
