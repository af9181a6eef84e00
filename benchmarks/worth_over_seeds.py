"""What a teacher was worth over several seeds: distilled students beside their twins trained on the labels alone.

    python -m benchmarks.worth_over_seeds RUN RUN ... --data META.csv [--json FILE]

The runs are those of `skin-distill distill` under several seeds, with `without_teacher`. What their students answered
to the test split is kept with each run, so neither models nor photos are needed. Gains are means over the runs, with
95 % intervals by paired bootstrap over groups of photos. The intervals say what other photos would change; what other
seeds change, the runs' own gains beside the mean let one see.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script, with_interval
from distill.worth import paired_gain
from teacher.data.manifest import Manifest, read_manifest
from teacher.run_folder import RunFolder
from triage.atomic import write_json
from triage.errors import UnusableInput

STUDENTS = ("student", "student-without-teacher")
OF_SEED = ("seed", "weights")
"""What the runs' recipes may differ in: the seed, and where the first weights lie."""


def measure(runs: list[RunFolder], manifest: Manifest) -> dict[str, Any]:
    """Compare the runs' students with their twins.

    Args:
        runs: finished distillations of one recipe.
        manifest: their data set; light and tone may be another processor's measurement.

    Returns:
        JSON-able: `runs`, the figures of `paired_gain` by run's name; `together`, the same as means over the runs.

    Raises:
        UnusableInput: a run has no twin, other data or another recipe, or is named twice.
    """
    answers = np.array([_answers(run) for run in runs])
    configs = [run.read_config() for run in runs]
    for run, config in zip(runs, configs, strict=True):
        if runs.count(run) > 1:
            raise UnusableInput(f"Each run counts once. Received twice: {run.name}.")
        if config["data"]["split_sha256"] != manifest.split_sha256:
            raise UnusableInput(f"Run '{run.name}' was made with another meta.csv. Received: {manifest.path}.")
        recipe, first = config["distill"], configs[0]["distill"]
        if other := [key for key, value in recipe.items() if key not in OF_SEED and value != first[key]]:
            raise UnusableInput(
                f"These runs differ in more than the seed. Received: {runs[0].name} and {run.name} with another "
                f"{', '.join(other)}. Name runs of one recipe."
            )
    frame = manifest.split("test")
    return {
        "runs": {
            run.name: paired_gain(manifest, frame, *pair) for run, pair in zip(runs, answers, strict=True)
        },
        "together": paired_gain(manifest, frame, answers[:, 0], answers[:, 1]),
    }  # fmt: skip


def _answers(run: RunFolder) -> list[np.ndarray]:
    kept = run.read_test_answers()
    if STUDENTS[1] not in kept:
        raise UnusableInput(
            f"Run '{run.name}' has no student trained without the teacher. Received: {run.test_answers_path}. Repeat "
            "its command with `without_teacher: true`: that student alone is trained."
        )
    return [kept[name] for name in STUDENTS]


def main() -> None:
    """Measure, print the figures, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a finished distillation, in this folder")
    parser.add_argument("--data", type=Path, required=True, help="the runs' meta.csv")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    found = measure([RunFolder(name) for name in options.runs], read_manifest(options.data))
    if options.json:
        write_json(options.json, found)
    print("what the teacher adds")
    gains = {**found["runs"], "together": found["together"]}
    width = max(map(len, gains))
    for name, gain in gains.items():
        both = {key.replace("_", " "): gain[key] for key in ("accuracy", "balanced_accuracy")}
        figures = {**both, **{f"{tone} skin": figure for tone, figure in gain["per_tone"].items()}}
        print(f"  {name:{width}}  " + "; ".join(f"{key} {with_interval(figure)}" for key, figure in figures.items()))
    print(f"balanced accuracy, together: {found['together']['verdict']}")


if __name__ == "__main__":
    run_script(main)
