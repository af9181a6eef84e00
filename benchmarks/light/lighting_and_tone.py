"""Does the lighting label drift with skin tone, and how accurate is the measured tone? On phantoms of known truth.

    python -m benchmarks.light.lighting_and_tone [--phantoms 3000] [--seed 101] [--json FILE]

Reports how many well-lit phantoms are labelled poor in each tone bucket, which faults are found, and the error of the
measured ITA in good light. Phantom series 7, 11 and 23 set the thresholds: measure on others.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script
from skin_data.phantom import PhantomTruth, render_phantom
from skin_data.phantom.light import FAULTS
from triage.atomic import write_json
from triage.lighting import judge_lighting, measure_lighting
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME, SkinTone, measure_skin_tone, tone_bucket

PHANTOMS, SEED = 3000, 101
SLICES = ("all", *TONE_BUCKETS)


def measure_phantoms(seed: int, count: int, progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Compare lighting label and tone of phantoms with their truth.

    Args:
        seed: of the series.
        count: number of phantoms.
        progress: called with the number rendered.

    Returns:
        `well_lit_called_poor`, `largest_difference` of its fractions between buckets, `ita_error` in good light and
        `faults_called_poor`, each by true tone bucket.
    """
    measured: list[tuple[PhantomTruth, bool, SkinTone]] = []
    for index in range(count):
        photo, truth = render_phantom(seed, index)
        measured.append((truth, not judge_lighting(measure_lighting(photo)).ok, measure_skin_tone(photo)))
        progress(index + 1)
    good = [(tone_bucket(truth.ita), truth.ita, poor, tone) for truth, poor, tone in measured if truth.lighting_ok]
    called_poor = {name: _fraction(poor for bucket, _, poor, _ in good if bucket == name) for name in TONE_BUCKETS}
    fractions = [each["share"] for each in called_poor.values() if each["n"]]
    return {
        "n": count,
        "well_lit_called_poor": called_poor,
        "largest_difference": round(max(fractions) - min(fractions), 4) if fractions else None,
        "ita_error": {
            name: _errors([(ita, tone) for bucket, ita, _, tone in good if name in ("all", bucket)]) for name in SLICES
        },
        "faults_called_poor": {
            fault: _by_bucket([(tone_bucket(t.ita), poor) for t, poor, _ in measured if t.lighting_reason == fault])
            for fault in FAULTS
        },
    }


def _fraction(hits: Iterable[bool]) -> dict[str, Any]:
    """Return `n`, `hits`, `share` and its 95 % `interval` (Wilson 1927)."""
    from scipy.stats import binomtest

    values = list(hits)
    count, total = sum(values), len(values)
    interval = binomtest(count, total).proportion_ci(method="wilson") if total else (0.0, 1.0)
    share = count / total if total else 0.0
    return {"n": total, "hits": count, "share": round(share, 4), "interval": [round(float(end), 4) for end in interval]}


def _by_bucket(rows: Sequence[tuple[str, bool]]) -> dict[str, Any]:
    return {name: _fraction(poor for bucket, poor in rows if name in ("all", bucket)) for name in SLICES}


def _errors(pairs: Sequence[tuple[float, SkinTone]]) -> dict[str, Any]:
    """Return errors of the measured angle in degrees; photos with too little skin are `unknown`."""
    errors = np.array([tone.ita - truth for truth, tone in pairs if not math.isnan(tone.ita)])
    if not len(errors):
        return {"n": len(pairs), "unknown": len(pairs)}
    return {
        "n": len(pairs),
        "unknown": len(pairs) - len(errors),
        "median": round(float(np.median(np.abs(errors))), 2),
        "p90": round(float(np.percentile(np.abs(errors), 90)), 2),
        "bias": round(float(np.median(errors)), 2),
        "same_bucket": round(sum(tone.bucket == tone_bucket(truth) for truth, tone in pairs) / len(pairs), 4),
    }


def report(found: dict[str, Any]) -> str:
    """Return the results as text."""
    phantoms = found["phantoms"]
    lines = [f"{phantoms['n']} synthetic phantoms of series {found['seed']}; tone by {TONE_SCHEME}"]
    for name, each in phantoms["well_lit_called_poor"].items():
        lines.append(f"  well lit, labelled poor, {name:8} {_text(each)}")
    lines.append(f"  largest difference between buckets {100 * (phantoms['largest_difference'] or 0):.1f} points")
    for name, each in phantoms["ita_error"].items():
        if "median" in each:
            lines.append(
                f"  ITA error in good light, {name:8} median {each['median']:.1f}, 90% within {each['p90']:.1f}, bias "
                f"{each['bias']:+.1f} degrees (n = {each['n']}, {each['unknown']} unknown)"
            )
    for fault, by_bucket in phantoms["faults_called_poor"].items():
        shown = ", ".join(f"{name} {100 * each['share']:.0f}% of {each['n']}" for name, each in by_bucket.items())
        lines.append(f"  {fault.replace('_', ' '):12} labelled poor: {shown}")
    return "\n".join(lines)


def _text(part: dict[str, Any]) -> str:
    low, high = part["interval"]
    return f"{100 * part['share']:.1f}% ({part['hits']} of {part['n']}; {100 * low:.1f} to {100 * high:.1f}%)"


@click.command()
@click.option("--phantoms", default=PHANTOMS, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(min=0), help="Series of phantoms.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(phantoms: int, seed: int, json_path: Path | None) -> None:
    """Measure the lighting label and the skin tone on phantoms."""
    cv2.setNumThreads(1)
    with click.progressbar(length=phantoms, label="phantoms") as bar:
        measured = measure_phantoms(seed, phantoms, lambda done: bar.update(1))
    found = {"format": 1, "seed": seed, "tone_scheme": TONE_SCHEME, "phantoms": measured}
    print(report(found))
    if json_path:
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
