r"""How stable the choice of a phase's epoch is, by resampling validation curves of finished runs.

    python -m benchmarks.epoch_choice experiments/*/metrics.csv

Each curve of a phase is split into a smooth trend and what deviates from it. A draw gives every epoch of the trend the
deviation of a random epoch of the same phase, drawn with replacement: another training's noise. A rule then chooses an
epoch. `spread` is the standard deviation of the chosen epoch as a fraction of the phase, `regret` what the chosen
epoch's trend lacks to the highest of the phase, `flattery` how far the metric at the chosen epoch lies above its trend:
all in the mean over phases, the last two in points of balanced accuracy.
"""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.console import run_script
from triage.errors import UnusableInput

BANDWIDTH = 0.12
"""Standard deviation of the trend's Gaussian kernel, as a fraction of the phase."""
LEAST_EPOCHS = 8
Curves = Mapping[str, np.ndarray]


def _smooth(scores: np.ndarray, width: int) -> np.ndarray:
    """Mean over the `width` epochs that end with each one; float [draws, epochs]."""
    padded = np.pad(scores, ((0, 0), (width - 1, 0)), mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, width, axis=1).mean(axis=-1)


RULES: dict[str, Callable[[Curves], np.ndarray]] = {
    "highest balanced accuracy": lambda curves: curves["balanced_accuracy"].argmax(axis=1),
    "highest accuracy": lambda curves: curves["accuracy"].argmax(axis=1),
    "highest mean balanced accuracy of 3 epochs": lambda curves: _smooth(curves["balanced_accuracy"], 3).argmax(axis=1),
    "last epoch": lambda curves: np.full(len(curves["accuracy"]), curves["accuracy"].shape[1] - 1),
}
"""Each takes validation metrics by name, float [draws, epochs], and returns the chosen epoch, int [draws]."""


def trend_of(curve: np.ndarray) -> np.ndarray:
    """Return a local linear fit to a curve, float [epochs] (Fan 1992)."""
    epochs, width = np.arange(len(curve)), max(1.0, BANDWIDTH * len(curve))
    fitted = []
    for epoch in epochs:
        weight = np.exp(-0.5 * ((epochs - epoch) / width) ** 2)
        fitted.append(np.polyval(np.polyfit(epochs - epoch, curve, 1, w=np.sqrt(weight)), 0.0))
    return np.array(fitted)


def judge_rules(phases: list[Curves], draws: int = 2000, seed: int = 0) -> dict[str, dict[str, float]]:
    """Resample the curves of phases, each float [epochs] by name, and measure every rule (see above)."""
    random = np.random.default_rng(seed)
    measured: dict[str, list[tuple[float, float, float]]] = {rule: [] for rule in RULES}
    for curves in phases:
        trends = {name: trend_of(np.asarray(curve)) for name, curve in curves.items()}
        count = len(trends["balanced_accuracy"])
        source = random.integers(count, size=(draws, count))  # both metrics deviate together
        deviations = {name: np.asarray(curves[name]) - trends[name] for name in curves}
        drawn = {name: trends[name] + (own - own.mean())[source] for name, own in deviations.items()}
        trend, observed = trends["balanced_accuracy"], drawn["balanced_accuracy"]
        for rule, choose in RULES.items():
            chosen = choose(drawn)
            flattery = (observed[np.arange(draws), chosen] - trend[chosen]).mean()
            measured[rule].append((chosen.std() / count, trend.max() - trend[chosen].mean(), float(flattery)))
    return {
        rule: dict(zip(("spread", "regret", "flattery"), map(float, np.mean(rows, axis=0)), strict=True))
        for rule, rows in measured.items()
    }


def read_phases(paths: list[Path]) -> list[Curves]:
    """Return the validation curves of all phases of at least 8 epochs.

    Raises:
        UnusableInput: there is none.
    """
    phases: list[Curves] = []
    for path in paths:
        for _, rows in pd.read_csv(path).groupby("phase", sort=False):
            if len(rows) >= LEAST_EPOCHS:
                phases.append({name: rows[f"val_{name}"].to_numpy() for name in ("balanced_accuracy", "accuracy")})
    if not phases:
        raise UnusableInput(f"No phase has {LEAST_EPOCHS} epochs. Received: {', '.join(map(str, paths))}.")
    return phases


def main() -> None:
    """Print how stable each rule is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", type=Path, nargs="+", help="metrics.csv of runs")
    phases = read_phases(parser.parse_args().metrics)
    print(f"{len(phases)} phases\n{'rule':44} spread  regret  flattery")
    for rule, of in judge_rules(phases).items():
        print(f"{rule:44} {of['spread']:6.3f} {100 * of['regret']:7.2f} {100 * of['flattery']:9.2f}")


if __name__ == "__main__":
    run_script(main)
