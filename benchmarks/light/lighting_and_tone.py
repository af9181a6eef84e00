"""Evidence on the lighting label and the skin tone measure: does the label drift with tone, does the angle hold?

    python -m benchmarks.light.lighting_and_tone [--photos FOLDER] [--phantoms 3000] [--seed 101] [--json FILE]

On phantoms, whose truth is known: how many well-lit ones are called poor in each tone bucket, which faults are found,
and how far the measured ITA is from the true one in good light. On real photos, whose truth is not: how many are called
poor by measured tone, and what becomes of those that count as well lit when their light is changed in linear light
(IEC 61966-2-1). Mild changes are what a phone's automatic leaves over; strong ones nobody would call good light. Series
7, 11 and 23 of the phantoms set the thresholds; a figure is worth something on others only.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np

from benchmarks.console import run_script
from benchmarks.light.changes import Change, blurred, exposed, glaring, sloping, tinted
from benchmarks.preparation import choose
from skin_data.phantom import PhantomTruth, render_phantom
from skin_data.phantom.camera import encode
from skin_data.phantom.light import FAULTS
from triage.errors import UnreadablePhoto
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import read_photo
from triage.skin_color import LINEAR
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME, SkinTone, measure_skin_tone, tone_bucket

PHANTOMS, PHOTOS, SEED = 3000, 600, 101
Z95 = 1.96


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """95 % interval of a share, Wilson 1927; (0, 1) where nothing was counted."""
    if not count:
        return 0.0, 1.0
    share, spread = hits / count, Z95**2 / count
    middle = share + spread / 2
    reach = Z95 * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return max(low, 0.0), min(high, 1.0)  # rounding may leave less than nothing


def measure_phantoms(seed: int, count: int, progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Compare what is measured of phantoms with their truth.

    Args:
        seed: of the series.
        count: how many are rendered.
        progress: called with the number rendered.

    Returns:
        `well_lit_called_poor`, `largest_difference` of its shares between buckets, `ita_error` in good light and
        `faults_called_poor`, each by true tone bucket.
    """
    answers: list[tuple[PhantomTruth, bool, SkinTone]] = []
    for index in range(count):
        photo, truth = render_phantom(seed, index)
        answers.append((truth, judge_lighting(measure_lighting(photo)).ok, measure_skin_tone(photo)))
        progress(index + 1)
    good = [a for a in answers if a[0].lighting_ok]
    poor = {b: _share(not ok for truth, ok, _ in good if tone_bucket(truth.ita) == b) for b in TONE_BUCKETS}
    shares = [each["share"] for each in poor.values() if each["n"]]
    return {
        "n": count,
        "well_lit_called_poor": poor,
        "largest_difference": round(max(shares) - min(shares), 4) if shares else None,
        "ita_error": {
            name: _errors([(truth.ita, tone) for truth, _, tone in good if name in ("all", tone_bucket(truth.ita))])
            for name in ("all", *TONE_BUCKETS)
        },
        "faults_called_poor": {
            fault: {
                name: _share(
                    not ok
                    for truth, ok, _ in answers
                    if truth.lighting_reason == fault and name in ("all", tone_bucket(truth.ita))
                )
                for name in ("all", *TONE_BUCKETS)
            }
            for fault in FAULTS
        },
    }


def _share(answers: Iterable[bool]) -> dict[str, Any]:
    given = list(answers)
    low, high = wilson_interval(sum(given), len(given))
    share = sum(given) / len(given) if given else 0.0
    return {"n": len(given), "hits": sum(given), "share": round(share, 4), "interval": [round(low, 4), round(high, 4)]}


def _errors(pairs: Sequence[tuple[float, SkinTone]]) -> dict[str, Any]:
    """Errors of the measured angle in degrees; photos with too little skin to say are only counted."""
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


def measure_photos(photos: Sequence[Path], progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """See what the lighting label says of real photos as they are, and of the well-lit ones in changed light.

    Args:
        photos: files.
        progress: called with the number measured.

    Returns:
        `called_poor` by measured tone bucket, and `relit`: for each change of `CHANGES` whether it is strong, and the
        share called poor by the bucket of the photo before.
    """
    as_they_are: list[tuple[str, bool]] = []
    relit: dict[str, list[tuple[str, bool]]] = {name: [] for name in CHANGES}
    for number, path in enumerate(photos):
        progress(number + 1)
        try:
            photo = read_photo(path)
        except UnreadablePhoto:
            continue
        bucket, ok = measure_skin_tone(photo).bucket, judge_lighting(measure_lighting(photo)).ok
        as_they_are.append((bucket, ok))
        if ok:
            radiance = LINEAR[photo]
            for name, (_, change) in CHANGES.items():
                relit[name].append((bucket, judge_lighting(measure_lighting(encode(change(radiance)))).ok))
    return {
        "n": len(as_they_are),
        "called_poor": _poor_by_bucket(as_they_are),
        "relit": {name: {"strong": CHANGES[name][0], **_poor_by_bucket(given)} for name, given in relit.items()},
    }


def _poor_by_bucket(given: Sequence[tuple[str, bool]]) -> dict[str, Any]:
    return {name: _share(not ok for bucket, ok in given if name in ("all", bucket)) for name in ("all", *TONE_BUCKETS)}


CHANGES: dict[str, tuple[bool, Change]] = {
    "0.3 stops darker": (False, exposed(-0.3)),
    "0.3 stops brighter": (False, exposed(0.3)),
    "slightly warm (5000 K taken for 5400 K)": (False, tinted(5000, 5400)),
    "slightly cool (5400 K taken for 5000 K)": (False, tinted(5400, 5000)),
    "gradient of 0.5 stops": (False, sloping(0.5)),
    "blur of 0.1 % of the longer side": (False, blurred(0.001)),
    "3.5 stops darker": (True, exposed(-3.5)),
    "2 stops brighter": (True, exposed(2)),
    "warm (2300 K taken for 7000 K)": (True, tinted(2300, 7000)),
    "cool (14000 K taken for 3600 K)": (True, tinted(14000, 3600)),
    "gradient of 8 stops": (True, sloping(8)),
    "blur of 1.5 % of the longer side": (True, blurred(0.015)),
    "glare": (True, glaring(1.3)),
}
"""What is done to well-lit photos, and whether it is so strong that they are well lit no more."""


def report(found: dict[str, Any]) -> str:
    """Say the figures as text, a line each."""
    lines = []
    phantoms = found["phantoms"]
    lines.append(f"{phantoms['n']} synthetic phantoms of series {found['seed']}; tone by {TONE_SCHEME}")
    for name, each in phantoms["well_lit_called_poor"].items():
        lines.append(f"  well lit, called poor, {name:8} {_said(each)}")
    lines.append(f"  largest difference between buckets {100 * (phantoms['largest_difference'] or 0):.1f} points")
    for name, each in phantoms["ita_error"].items():
        if "median" in each:
            lines.append(
                f"  ITA error in good light, {name:8} median {each['median']:.1f}, 90% within {each['p90']:.1f}, bias "
                f"{each['bias']:+.1f} degrees (n = {each['n']}, {each['unknown']} unknown)"
            )
    for fault, by_bucket in phantoms["faults_called_poor"].items():
        shown = ", ".join(f"{name} {100 * each['share']:.0f}% of {each['n']}" for name, each in by_bucket.items())
        lines.append(f"  {fault:12} called poor: {shown}")
    if photos := found.get("photos"):
        lines.append(f"{photos['n']} real photos, tone as measured")
        for name, each in photos["called_poor"].items():
            lines.append(f"  called poor as they are, {name:8} {_said(each)}")
        for change, by_bucket in photos["relit"].items():
            shown = ", ".join(f"{n} {100 * by_bucket[n]['share']:.1f}%" for n in ("all", *TONE_BUCKETS))
            lines.append(f"  {'strong' if by_bucket['strong'] else 'mild':6} {change:40} called poor: {shown}")
    return "\n".join(lines)


def _said(share: dict[str, Any]) -> str:
    low, high = share["interval"]
    return f"{100 * share['share']:.1f}% ({share['hits']} of {share['n']}; {100 * low:.1f} to {100 * high:.1f}%)"


@click.command()
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=PHOTOS, show_default=True, type=click.IntRange(min=1), help="Photos drawn from it.")
@click.option("--phantoms", default=PHANTOMS, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(min=0), help="Series of phantoms.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures.")
def main(folder: Path | None, count: int, phantoms: int, seed: int, json_path: Path | None) -> None:
    """Print the evidence on lighting label and skin tone."""
    cv2.setNumThreads(1)
    found: dict[str, Any] = {"format": 1, "seed": seed, "tone_scheme": TONE_SCHEME}
    with click.progressbar(length=phantoms, label="phantoms") as bar:
        found["phantoms"] = measure_phantoms(seed, phantoms, lambda done: bar.update(1))
    if folder:
        chosen = choose(folder, count)
        with click.progressbar(length=len(chosen), label="photos") as bar:
            found["photos"] = measure_photos(chosen, lambda done: bar.update(1))
    print(report(found))
    if json_path:
        json_path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    run_script(main)
