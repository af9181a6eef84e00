"""Distillation gain, or the gain of another recipe, over several seeds: students compared photo by photo.

    python -m benchmarks.distillation_gain RUN RUN ... --data META.csv [--against RUN RUN ...] [--json FILE]

The runs are those of `skin-distill distill` under several seeds. Their students are compared with their label-only
baselines (`without_teacher`), or, with `--against`, with the students of as many other runs, seed by seed in the same
order. Test predictions are stored with each run, so neither models nor photos are needed. Gains are means over the
runs, with 95 % intervals by paired bootstrap over groups. The intervals cover the choice of test photos; the runs' own
gains beside the mean show the effect of the seed.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.console import run_script, with_interval
from skin_data.manifest import Manifest, read_manifest
from skin_training.evaluation.paired import paired_gain
from skin_training.run_folder import RunFolder
from triage.atomic import write_json
from triage.errors import UnusableInput

STUDENT, BASELINE = "student", "student-without-teacher"
MAY_DIFFER = ("seed", "weights", "without_teacher")
"""Recipe keys in which the runs may differ: seed, path of the initial weights, whether there is a baseline."""


def measure(runs: list[RunFolder], manifest: Manifest, against: list[RunFolder] | None = None) -> dict[str, Any]:
    """Compare the runs' students with their label-only baselines, or with the students of other runs.

    Both are finished distillations of one recipe on the manifest's splits, as many on both sides.

    Returns:
        JSON-able: `runs`, `paired_gain` by run name; `together`, the same as means over the runs; `differs_in`, the
        recipe values that differ between both sides, as `[of runs, of against]`.

    Raises:
        UnusableInput: a run lacks such a student, has other data, recipe or teacher, or a seed occurs twice.
    """
    recipe, seeds = _recipe_and_seeds(runs, manifest)
    of_runs = [_predictions(run, STUDENT) for run in runs]
    if against is None:
        others, differs_in = [_predictions(run, BASELINE) for run in runs], {}
    else:
        other_recipe, other_seeds = _recipe_and_seeds(against, manifest)
        if seeds != other_seeds:
            raise UnusableInput(
                f"Runs are compared seed by seed, in order. Received: seeds {seeds} against {other_seeds}."
            )
        others = [_predictions(run, STUDENT) for run in against]
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
            raise UnusableInput(f"Run '{run.name}' is not a finished distillation. Received: {run.config_path}.")
        if config["data"].get("split_sha256") != manifest.split_sha256:
            raise UnusableInput(
                f"Run '{run.name}' was made with another meta.csv, or before its split was recorded. Received: "
                f"{manifest.path}. Give the run's own meta.csv, or repeat the run with `skin-distill reproduce`."
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
        raise UnusableInput(f"Each run needs its own seed. Received: {', '.join(run.name for run in runs)} of {seeds}.")
    return recipes[0], seeds


def _differences(recipe: dict[str, Any], other: dict[str, Any]) -> list[str]:
    keys = dict.fromkeys([*recipe, *other])
    return [key for key in keys if key not in MAY_DIFFER and recipe.get(key) != other.get(key)]


def _predictions(run: RunFolder, student: str) -> np.ndarray:
    kept = run.read_test_predictions()
    if student not in kept:
        raise UnusableInput(
            f"Run '{run.name}' has no label-only baseline. Received: {run.test_predictions_path}. Repeat its command "
            "with `without_teacher: true`: only the baseline is then trained."
        )
    return kept[student]


def main() -> None:
    """Measure the gain of distillation, or of a recipe, over several seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="a finished distillation")
    parser.add_argument("--data", type=Path, required=True, help="the runs' meta.csv")
    parser.add_argument("--against", nargs="+", metavar="RUN", help="compare with these runs' students, in order")
    parser.add_argument("--json", type=Path, help="write the result here")
    options = parser.parse_args()
    runs, against = ([RunFolder(name) for name in names or []] for names in (options.runs, options.against))
    found = measure(runs, read_manifest(options.data), against or None)
    if options.json:
        write_json(options.json, found)
    print(f"gain over {', '.join(options.against)}" if against else "gain of distillation over labels alone")
    for key, (one, other) in found["differs_in"].items():
        print(f"  {key.replace('_', ' ')}: {one} against {other}")
    gains = {**found["runs"], "together": found["together"]}
    width = max(map(len, gains))
    for name, gain in gains.items():
        metrics = {key.replace("_", " "): gain[key] for key in ("accuracy", "balanced_accuracy")}
        metrics |= {f"{tone} skin": metric for tone, metric in gain["per_tone"].items()}
        print(f"  {name:{width}}  " + "; ".join(f"{key} {with_interval(metric)}" for key, metric in metrics.items()))
    print(f"balanced accuracy, together: {found['together']['verdict']}")


if __name__ == "__main__":
    run_script(main)
