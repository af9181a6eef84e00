"""How the answers suffer as the light gets worse, and how much of that the lighting gate wins back.

    python -m benchmarks.light.gate MODEL.tflite --data META.csv [--split test] [--photos 400] [--json FILE]

Photos that `prepare` called well lit are given worse light, seven ways in four steps, and go through the whole of
`triage`: light first, then the answer. The gate wins back what the accepted photos are better than all of them. Beside
it stands what asking the model's own confidence would do at the same share of photos. Intervals are 95 %, by bootstrap
over groups; the changes are made, so the shares of faults among people's own photos are not these.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.console import run_script, with_interval
from benchmarks.light.changes import Change, blurred, exposed, glaring, sloping, tinted

PHOTOS = 400
STEPS = (0.25, 0.5, 0.75, 1.0)
NEUTRAL = 5500.0  # K, between the lamps and the shade of the colour casts


def _towards(kelvin: float, step: float) -> float:
    """Go from neutral to a colour temperature in equal steps of its reciprocal, as they are seen (Judd 1933)."""
    return 1 / (1 / NEUTRAL + step * (1 / kelvin - 1 / NEUTRAL))


FAULTS: dict[str, Callable[[float], Change]] = {
    "darker, up to 5 stops": lambda step: exposed(-5 * step),
    "brighter, up to 3 stops": lambda step: exposed(3 * step),
    "warm, up to 2300 K taken for 7000 K": lambda step: tinted(_towards(2300, step), _towards(7000, step)),
    "cool, up to 14000 K taken for 3600 K": lambda step: tinted(_towards(14000, step), _towards(3600, step)),
    "gradient, up to 8 stops": lambda step: sloping(8 * step),
    "blur, up to 2 % of the longer side": lambda step: blurred(0.02 * step),
    "glare, up to twice white": lambda step: glaring(2 * step),
}
"""What is made of the light, by step in (0, 1]."""


def measure(
    model: Path,
    manifest: Any,
    split: str = "test",
    photos: int = PHOTOS,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Answer well-lit photos in worse and worse light.

    Args:
        model: a release file.
        manifest: the data set.
        split: its part that is measured.
        photos: how many of it at most, drawn by `seed`.
        seed: of the draw and the bootstrap.
        progress: called with the number of photos done.

    Returns:
        JSON-able: `n`, `as_they_are`, `by_fault` (name, then step), `by_step` and `all`, each with the figures of
        `gated`; `curve`: accuracy of the share accepted when photos are refused by light and when by confidence.
    """
    from skin_data.phantom.camera import encode
    from skin_training.evaluation.evaluate import true_classes
    from skin_training.evaluation.metric import GroupBootstrap
    from triage import Triage
    from triage.photo import read_photo
    from triage.skin_color import LINEAR
    from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

    triage, frame = Triage.load(model), manifest.split(split)
    frame = frame[(frame["lighting_label"] == 1) & frame["diagnosis"].notna()].reset_index(drop=True)
    drawn = np.sort(np.random.default_rng(seed).permutation(len(frame))[:photos])
    frame = frame.iloc[drawn].reset_index(drop=True)
    truth, ids = true_classes(frame, manifest.taxonomy.ids), manifest.taxonomy.ids
    names = [("", 0.0), *((fault, step) for fault in FAULTS for step in STEPS)]
    right, accepted, light, confidence = (np.zeros((len(names), len(frame))) for _ in range(4))
    for column, path in enumerate(manifest.photo_paths(frame)):
        photo = read_photo(path)
        radiance = LINEAR[photo]
        for row, (fault, step) in enumerate(names):
            found = triage.assess(encode(FAULTS[fault](step)(radiance)) if fault else photo)
            right[row, column] = found.diagnosis[0].label == ids[truth[column]]
            accepted[row, column] = found.lighting.ok
            # Within each side of the gate the model's own probability decides which photo goes first.
            light[row, column] = found.lighting.ok + found.lighting.probability
            confidence[row, column] = found.diagnosis[0].probability
        progress(column + 1)
    groups = frame["group"].astype(str).to_numpy()
    # One draw of a group takes all of its photos in all lights.
    bootstrap = GroupBootstrap(np.tile(groups, len(names)), seed, 1000)
    every = np.arange(right.size).reshape(right.shape)

    def gated(rows: np.ndarray) -> dict[str, Any]:
        return _gated(bootstrap, right.ravel(), accepted.ravel(), rows.ravel())

    rows_of = {name: number for number, name in enumerate(names)}
    changed = every[1:]
    tones = frame["tone_bucket"].astype(str).to_numpy()
    return {
        "model": Path(model).name,
        "split": split,
        "seed": seed,
        "n": len(frame),
        "synthetic": bool(manifest.synthetic),
        "tone_scheme": TONE_SCHEME,
        "as_they_are": gated(every[0]),
        "as_they_are_by_tone": {bucket: gated(every[0][tones == bucket]) for bucket in TONE_BUCKETS},
        "by_fault": {
            fault: {str(step): gated(every[rows_of[fault, step]]) for step in STEPS} for fault in FAULTS
        },
        "by_step": {
            str(step): gated(np.concatenate([every[rows_of[fault, step]] for fault in FAULTS])) for step in STEPS
        },
        "all": gated(changed),
        "curve": {
            "by light": _curve(right[1:].ravel(), light[1:].ravel()),
            "by confidence": _curve(right[1:].ravel(), confidence[1:].ravel()),
        },
    }  # fmt: skip


def _gated(bootstrap: Any, right: np.ndarray, accepted: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    """Return `accuracy`, `accepted`, `accuracy_accepted`, `accuracy_refused` and `won_back` of some answers."""
    from skin_training.evaluation.weighted_metrics import fraction

    passed = accepted > 0

    def won(weights: np.ndarray, r: np.ndarray) -> np.ndarray:
        return fraction(weights, right[r], passed[r]) - fraction(weights, right[r])

    return {
        "accuracy": bootstrap.metric(lambda w, r: fraction(w, right[r]), rows),
        "accepted": bootstrap.metric(lambda w, r: fraction(w, passed[r]), rows),
        "accuracy_accepted": bootstrap.metric(lambda w, r: fraction(w, right[r], passed[r]), rows, passed[rows]),
        "accuracy_refused": bootstrap.metric(lambda w, r: fraction(w, right[r], ~passed[r]), rows, ~passed[rows]),
        "won_back": bootstrap.metric(won, rows, passed[rows]),
    }


def _curve(right: np.ndarray, score: np.ndarray, points: int = 50) -> dict[str, list[float]]:
    """Accuracy of the photos that remain when those of the lowest score are refused (risk and coverage, El-Yaniv and
    Wiener 2010).
    """
    best_first = right[np.argsort(-score, kind="stable")]
    counts = np.unique(np.linspace(0.1 * len(right), len(right), points).round().astype(int))
    kept = np.cumsum(best_first)[counts - 1] / counts
    return {"share": np.round(counts / len(right), 4).tolist(), "accuracy": np.round(kept, 4).tolist()}


def draw(path: Path, found: dict[str, Any]) -> None:
    """Draw accuracy by step with and without the gate, and accuracy against the share of photos accepted."""
    from skin_training.plotting import BLUE, GREEN, GREY, ORANGE, saved_plot

    note = "synthetic photos" if found["synthetic"] else "photos"
    title = f"Worse light, {found['n']} {note} in {len(FAULTS) * len(STEPS)} lights ({found['model']})"
    with saved_plot(path, title, (11, 4.5), (1, 2)) as (left, right):
        steps = [found["as_they_are"], *(found["by_step"][str(step)] for step in STEPS)]
        for name, color, label in (
            ("accuracy", GREY, "all photos"),
            ("accuracy_accepted", BLUE, "those the gate accepts"),
            ("accepted", GREEN, "share accepted"),
        ):
            known = [(x, s[name]) for x, s in zip((0, *STEPS), steps, strict=True) if s[name]["value"] is not None]
            places, figures = zip(*known, strict=True)
            values = [f["value"] for f in figures]
            below = [v - f["low"] for v, f in zip(values, figures, strict=True)]
            above = [f["high"] - v for v, f in zip(values, figures, strict=True)]
            style = "--" if name == "accepted" else "-"
            left.errorbar(places, values, [below, above], color=color, label=label, capsize=3, linestyle=style)
        left.set(xlabel="how much worse the light is", ylabel="share", ylim=(0, 1))
        left.legend(frameon=False, fontsize=9)
        for name, color in (("by light", BLUE), ("by confidence", ORANGE)):
            right.plot(found["curve"][name]["share"], found["curve"][name]["accuracy"], color=color, label=name)
        gate = found["all"]
        if gate["accuracy_accepted"]["value"] is not None:
            right.plot(gate["accepted"]["value"], gate["accuracy_accepted"]["value"], "o", color=BLUE, label="the gate")
        right.set(xlabel="share of photos accepted, all worse lights", ylabel="accuracy of those", xlim=(0, 1))
        right.legend(frameon=False, fontsize=9, title="refused first:", title_fontsize=9)


def report(found: dict[str, Any]) -> str:
    """Say the figures as text, a line each."""
    lines = [f"{found['n']} well-lit photos of the {found['split']} split" + (", synthetic" * found["synthetic"])]
    parts = [
        ("as they are", found["as_they_are"]),
        *((f"as they are, {bucket}", part) for bucket, part in found["as_they_are_by_tone"].items()),
        *((f"all faults, step {step}", part) for step, part in found["by_step"].items()),
        *((f"{fault}: {step}", part) for fault, steps in found["by_fault"].items() for step, part in steps.items()),
        ("all worse lights", found["all"]),
    ]
    for name, part in parts:
        lines.append(
            f"  {name:42} accuracy {with_interval(part['accuracy'])}; accepted {with_interval(part['accepted'])}, "
            f"of these {with_interval(part['accuracy_accepted'])}; won back {with_interval(part['won_back'])}"
        )
    return "\n".join(lines)


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--split", default="test", show_default=True)
@click.option("--photos", default=PHOTOS, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures.")
@click.option("--figure", "figure_path", type=click.Path(dir_okay=False, path_type=Path), help="Also draw them.")
def main(
    model: Path, data: Path, split: str, photos: int, seed: int, json_path: Path | None, figure_path: Path | None
) -> None:
    """Print what worse light costs and what the gate wins back."""
    from skin_data.manifest import read_manifest

    with click.progressbar(length=photos, label="photos") as bar:
        found = measure(model, read_manifest(data), split, photos, seed, lambda done: bar.update(1))
    print(report(found))
    if json_path:
        json_path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if figure_path:
        draw(figure_path, found)


if __name__ == "__main__":
    run_script(main)
