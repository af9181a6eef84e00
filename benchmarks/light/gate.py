"""What worse light costs the diagnosis, and how much of that the lighting gate recovers.

    python -m benchmarks.light.gate MODEL.tflite --data META.csv [--split test] [--photos 400] [--json FILE]

Photos that `prepare` labelled well lit are given worse light, in seven ways and four steps, and go through the whole of
`triage`. The gate recovers the accuracy of accepted photos minus that of all photos; the plot compares it with refusing
as many photos by the model's own confidence. Intervals are 95 %, by bootstrap over groups. The changes are synthetic:
people's own photos have these faults in other proportions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from benchmarks.console import run_script, with_interval
from benchmarks.light.changes import Change, blurred, exposed, glaring, sloping, tinted
from triage.atomic import write_json

if TYPE_CHECKING:
    from skin_data.manifest import Manifest
    from skin_training.evaluation.metric import GroupBootstrap

PHOTOS = 400
STEPS = (0.25, 0.5, 0.75, 1.0)
NEUTRAL = 5500.0  # K, between the lamps and the shade of the colour casts


def _towards(kelvin: float, step: float) -> float:
    """Go from neutral to a colour temperature in equal steps of its reciprocal, which look equal (Judd 1933)."""
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
"""Change of the light by name, as a function of the step in (0, 1]."""


def measure(
    model: Path,
    manifest: Manifest,
    split: str = "test",
    photos: int = PHOTOS,
    seed: int = 0,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Classify well-lit photos in increasingly worse light.

    Args:
        model: a release file.
        manifest: the data set.
        split: its part that is measured.
        photos: maximum number, drawn by `seed`.
        seed: of the draw and the bootstrap.
        progress: called with the number of photos done.

    Returns:
        JSON-able: `n`, `as_they_are`, `by_fault` (name, then step), `by_step` and `all`, each with `accuracy`,
        `accepted`, `accuracy_accepted`, `accuracy_refused` and `won_back`; `curve`: accuracy by the fraction of photos
        accepted, refusing by light and by confidence.
    """
    from skin_data.phantom.camera import encode
    from skin_training.evaluation.evaluate import true_classes
    from skin_training.evaluation.metric import GroupBootstrap
    from triage import Triage
    from triage.photo import read_photo
    from triage.skin_color import LINEAR
    from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME

    triage, frame, ids = Triage.load(model), manifest.split(split), manifest.taxonomy.ids
    frame = frame[(frame["lighting_label"] == 1) & frame["diagnosis"].notna()].reset_index(drop=True)
    drawn = np.sort(np.random.default_rng(seed).permutation(len(frame))[:photos])
    frame = frame.iloc[drawn].reset_index(drop=True)
    truth = true_classes(frame, ids)
    lights = [("", 0.0), *((fault, step) for fault in FAULTS for step in STEPS)]
    correct, accepted, light, confidence = (np.zeros((len(lights), len(frame))) for _ in range(4))
    for column, path in enumerate(manifest.photo_paths(frame)):
        photo = read_photo(path)
        radiance = LINEAR[photo]
        for row, (fault, step) in enumerate(lights):
            found = triage.assess(encode(FAULTS[fault](step)(radiance)) if fault else photo)
            correct[row, column] = found.diagnosis[0].label == ids[truth[column]]
            accepted[row, column] = found.lighting.ok
            # On each side of the gate the model's own probability ranks the photos.
            light[row, column] = found.lighting.ok + found.lighting.probability
            confidence[row, column] = found.diagnosis[0].probability
        progress(column + 1)
    # One draw of a group takes all of its photos in all lights.
    bootstrap = GroupBootstrap(np.tile(frame["group"].astype(str).to_numpy(), len(lights)), seed, 1000)
    rows = dict(zip(lights, np.arange(correct.size).reshape(correct.shape), strict=True))
    original = rows["", 0.0]
    tones = frame["tone_bucket"].astype(str).to_numpy()

    def gated(*parts: np.ndarray) -> dict[str, Any]:
        return _gated(bootstrap, correct.ravel(), accepted.ravel() > 0, np.concatenate(parts))

    return {
        "model": Path(model).name,
        "split": split,
        "seed": seed,
        "n": len(frame),
        "synthetic": bool(manifest.synthetic),
        "tone_scheme": TONE_SCHEME,
        "as_they_are": gated(original),
        "as_they_are_by_tone": {bucket: gated(original[tones == bucket]) for bucket in TONE_BUCKETS},
        "by_fault": {fault: {str(step): gated(rows[fault, step]) for step in STEPS} for fault in FAULTS},
        "by_step": {str(step): gated(*(rows[fault, step] for fault in FAULTS)) for step in STEPS},
        "all": gated(*(rows[name] for name in lights[1:])),
        "curve": {
            "by light": _curve(correct[1:].ravel(), light[1:].ravel()),
            "by confidence": _curve(correct[1:].ravel(), confidence[1:].ravel()),
        },
    }


def _gated(bootstrap: GroupBootstrap, correct: np.ndarray, passed: np.ndarray, rows: np.ndarray) -> dict[str, Any]:
    from skin_training.evaluation.weighted_metrics import fraction

    def recovered(weights: np.ndarray, r: np.ndarray) -> np.ndarray:
        return np.asarray(fraction(weights, correct[r], passed[r]) - fraction(weights, correct[r]))

    return {
        "accuracy": bootstrap.metric(lambda w, r: fraction(w, correct[r]), rows),
        "accepted": bootstrap.metric(lambda w, r: fraction(w, passed[r]), rows),
        "accuracy_accepted": bootstrap.metric(lambda w, r: fraction(w, correct[r], passed[r]), rows, passed[rows]),
        "accuracy_refused": bootstrap.metric(lambda w, r: fraction(w, correct[r], ~passed[r]), rows, ~passed[rows]),
        "won_back": bootstrap.metric(recovered, rows, passed[rows]),
    }


def _curve(correct: np.ndarray, score: np.ndarray, points: int = 50) -> dict[str, list[float]]:
    """Return accuracy by coverage when the lowest scores are refused first (El-Yaniv and Wiener 2010)."""
    best_first = correct[np.argsort(-score, kind="stable")]
    counts = np.unique(np.linspace(0.1 * len(correct), len(correct), points).round().astype(int))
    kept = np.cumsum(best_first)[counts - 1] / counts
    return {"share": np.round(counts / len(correct), 4).tolist(), "accuracy": np.round(kept, 4).tolist()}


def draw(path: Path, found: dict[str, Any]) -> None:
    """Draw accuracy by step with and without the gate, and accuracy by the fraction of photos accepted."""
    from skin_training.plotting import BLUE, GREEN, GREY, ORANGE, saved_plot

    kind = "synthetic photos" if found["synthetic"] else "photos"
    title = f"Worse light, {found['n']} {kind} in {len(FAULTS) * len(STEPS)} lights ({found['model']})"
    with saved_plot(path, title, (11, 4.5), (1, 2)) as (left, right):
        steps = [found["as_they_are"], *(found["by_step"][str(step)] for step in STEPS)]
        for name, color, label, style in (
            ("accuracy", GREY, "all photos", "-"),
            ("accuracy_accepted", BLUE, "accepted photos", "-"),
            ("accepted", GREEN, "fraction accepted", "--"),
        ):
            known = [(x, s[name]) for x, s in zip((0, *STEPS), steps, strict=True) if s[name]["value"] is not None]
            values = [metric["value"] for _, metric in known]
            errors = [[m["value"] - m["low"] for _, m in known], [m["high"] - m["value"] for _, m in known]]
            left.errorbar([x for x, _ in known], values, errors, color=color, label=label, capsize=3, linestyle=style)
        left.set(xlabel="severity of the change", ylabel="fraction of photos", ylim=(0, 1))
        left.legend(frameon=False, fontsize=9)
        for name, color in (("by light", BLUE), ("by confidence", ORANGE)):
            right.plot(found["curve"][name]["share"], found["curve"][name]["accuracy"], color=color, label=name)
        gate = found["all"]
        if gate["accuracy_accepted"]["value"] is not None:
            right.plot(gate["accepted"]["value"], gate["accuracy_accepted"]["value"], "o", color=BLUE, label="gate")
        right.set(xlabel="fraction of photos accepted, all worse lights", ylabel="accuracy of accepted photos")
        right.set_xlim(0, 1)
        right.legend(frameon=False, fontsize=9, title="refused first:", title_fontsize=9)


def report(found: dict[str, Any]) -> str:
    """Return the metrics as text, one line per light."""
    lines = [f"{found['n']} well-lit photos of the {found['split']} split" + (", synthetic" * found["synthetic"])]
    parts = [
        ("original light", found["as_they_are"]),
        *((f"original light, {bucket}", part) for bucket, part in found["as_they_are_by_tone"].items()),
        *((f"all changes, step {step}", part) for step, part in found["by_step"].items()),
        *((f"{fault}: {step}", part) for fault, steps in found["by_fault"].items() for step, part in steps.items()),
        ("all worse lights", found["all"]),
    ]
    for name, part in parts:
        lines.append(
            f"  {name:42} accuracy {with_interval(part['accuracy'])}; accepted {with_interval(part['accepted'])}, "
            f"their accuracy {with_interval(part['accuracy_accepted'])}; recovered {with_interval(part['won_back'])}"
        )
    return "\n".join(lines)


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--split", default="test", show_default=True)
@click.option("--photos", default=PHOTOS, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
@click.option("--figure", "plot_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the plot here.")
def main(
    model: Path, data: Path, split: str, photos: int, seed: int, json_path: Path | None, plot_path: Path | None
) -> None:
    """Measure what worse light costs and what the lighting gate recovers."""
    from skin_data.manifest import read_manifest

    with click.progressbar(length=photos, label="photos") as bar:
        found = measure(model, read_manifest(data), split, photos, seed, lambda done: bar.update(1))
    print(report(found))
    if json_path:
        write_json(json_path, found)
    if plot_path:
        draw(plot_path, found)


if __name__ == "__main__":
    run_script(main)
