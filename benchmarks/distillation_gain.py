"""What a teacher, or another choice, was worth over several seeds: students side by side, photo by photo.

    python -m benchmarks.distillation_gain RUN RUN ... --data META.csv [--against RUN RUN ...] [--json FILE]

The runs are those of `skin-distill distill` under several seeds. Their students stand beside the twins trained on the
labels alone (`without_teacher`), or, with `--against`, beside the students of as many other runs, in the same order:
those of another recipe, seed by seed. What the students answered to the test split is kept with each run, so neither
models nor photos are needed. Gains are means over the runs, with 95 % intervals by paired bootstrap over groups of
photos. The intervals say what other photos would change; what other seeds change, the runs' own gains beside the mean
let one see.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script, with_interval
from distill.worth import paired_gain
from skin_data.manifest import Manifest, read_manifest
from skin_training.run_folder import RunFolder
from triage.atomic import write_json
from triage.errors import UnusableInput

STUDENT, TWIN = "student", "student-without-teacher"
OF_SEED = ("seed", "weights", "without_teacher")
"""What the runs' recipes may differ in: the seed, where the first weights lie, and whether there is a twin."""


def measure(runs: list[RunFolder], manifest: Manifest, against: list[RunFolder] | None = None) -> dict[str, Any]:
    """Compare the runs' students with their twins, or with those of other runs.

    Args:
        runs: finished distillations of one recipe.
        manifest: their data set; light and tone may be another processor's measurement.
        against: as many finished distillations of one recipe, or of another one; None: the runs' own twins.

    Returns:
        JSON-able: `runs`, the figures of `paired_gain` by run's name; `together`, the same as means over the runs;
        `differs_in`, what the recipes of both sides set otherwise, as `[of runs, of against]`.

    Raises:
        UnusableInput: a run has no such student, other data, another recipe or teacher, or a seed counts twice.
    """
    recipe, seeds = _recipe_and_seeds(runs, manifest)
    of_runs = [_answers(run, STUDENT) for run in runs]
    if against is None:
        others, differs_in = [_answers(run, TWIN) for run in runs], {}
    else:
        other_recipe, other_seeds = _recipe_and_seeds(against, manifest)
        if seeds != other_seeds:
            raise UnusableInput(
                f"Runs are compared seed by seed, in order. Received: seeds {seeds} against {other_seeds}."
            )
        others = [_answers(run, STUDENT) for run in against]
        differs_in = {key: [recipe.get(key), other_recipe.get(key)] for key in _differences(recipe, other_recipe)}
    frame = manifest.split("test")
    return {
        "runs": {
            run.name: paired_gain(manifest, frame, one, other)
            for run, one, other in zip(runs, of_runs, others, strict=True)
        },
        "together": paired_gain(manifest, frame, np.array(of_runs), np.array(others)),
        "differs_in": differs_in,
    }


def _recipe_and_seeds(runs: list[RunFolder], manifest: Manifest) -> tuple[dict[str, Any], list[int]]:
    recipes: list[dict[str, Any]] = []
    for run in runs:
        config, report = run.read_config(), run.read_report()
        if "distill" not in config or "distill" not in report:
            raise UnusableInput(f"Run '{run.name}' is no finished student's. Received: {run.config_path}.")
        if config["data"].get("split_sha256") != manifest.split_sha256:
            raise UnusableInput(
                f"Run '{run.name}' was made with another meta.csv, or before its split was kept. Received: "
                f"{manifest.path}. Give the run's own, or repeat it with `skin-distill reproduce`."
            )
        recipe = config["distill"]
        pretrained = recipe["weights"] != "none"
        recipes.append({**recipe, "teacher": report["distill"]["key"]["teacher_sha256"], "pretrained": pretrained})
        if other := _differences(recipes[-1], recipes[0]):
            raise UnusableInput(
                f"These runs differ in more than the seed. Received: {runs[0].name} and {run.name} with another "
                f"{', '.join(other)}. Name runs of one recipe and one teacher."
            )
    seeds = [recipe["seed"] for recipe in recipes]
    if len(set(seeds)) < len(seeds):
        raise UnusableInput(f"Each seed counts once. Received: {', '.join(run.name for run in runs)} of {seeds}.")
    return recipes[0], seeds


def _differences(recipe: dict[str, Any], other: dict[str, Any]) -> list[str]:
    keys = dict.fromkeys([*recipe, *other])
    return [key for key in keys if key not in OF_SEED and recipe.get(key) != other.get(key)]


def _answers(run: RunFolder, student: str) -> np.ndarray:
    kept = run.read_test_answers()
    if student not in kept:
        raise UnusableInput(
            f"Run '{run.name}' has no student trained without the teacher. Received: {run.test_answers_path}. Repeat "
            "its command with `without_teacher: true`: that student alone is trained."
        )
    return kept[student]


def main() -> None:
    """Measure, print the figures, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a finished distillation, in this folder")
    parser.add_argument("--data", type=Path, required=True, help="the runs' meta.csv")
    parser.add_argument("--against", nargs="+", metavar="RUN", help="compare with these runs' students, in order")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()
    runs, against = ([RunFolder(name) for name in names or []] for names in (options.runs, options.against))
    found = measure(runs, read_manifest(options.data), against or None)
    if options.json:
        write_json(options.json, found)
    print(f"what is gained over {', '.join(options.against)}" if against else "what the teacher adds")
    for key, (one, other) in found["differs_in"].items():
        print(f"  {key}: {one} against {other}")
    gains = {**found["runs"], "together": found["together"]}
    width = max(map(len, gains))
    for name, gain in gains.items():
        both = {key.replace("_", " "): gain[key] for key in ("accuracy", "balanced_accuracy")}
        figures = {**both, **{f"{tone} skin": figure for tone, figure in gain["per_tone"].items()}}
        print(f"  {name:{width}}  " + "; ".join(f"{key} {with_interval(figure)}" for key, figure in figures.items()))
    print(f"balanced accuracy, together: {found['together']['verdict']}")


if __name__ == "__main__":
    run_script(main)
