"""Does the lighting label drift with skin tone, and how accurate is the measured tone?

    python -m benchmarks.light.lighting_and_tone [--photos FOLDER] [--phantoms 3000] [--seed 101] [--json FILE]

On phantoms, with known truth: how many well-lit ones are labelled poor in each tone bucket, which faults are found, and
the error of the measured ITA in good light. On real photos, without truth: how many are labelled poor by measured tone,
and how the label of well-lit ones changes with their light, altered in linear light (IEC 61966-2-1). Mild changes are
what a phone's automatic exposure leaves; strong ones are clearly bad light. Phantom series 7, 11 and 23 set the
thresholds: measure on others.
"""

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
from triage.atomic import write_json
from triage.errors import UnreadablePhoto
from triage.lighting import judge_lighting, measure_lighting
from triage.photo import read_photo
from triage.skin_color import LINEAR
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME, SkinTone, measure_skin_tone, tone_bucket

PHANTOMS, PHOTOS, SEED = 3000, 600, 101
SLICES = ("all", *TONE_BUCKETS)
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
"""Changes of well-lit photos, and whether each is strong enough to make the light poor."""


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


def measure_photos(photos: Sequence[Path], progress: Callable[[int], None] = lambda done: None) -> dict[str, Any]:
    """Label real photos in their own light, and the well-lit ones in changed light.

    Args:
        photos: files; unreadable ones are skipped.
        progress: called with the number measured.

    Returns:
        `called_poor` by measured tone bucket, and `relit`: for each of `CHANGES` whether it is `strong`, and the
        fraction labelled poor by the bucket of the original photo.
    """
    original: list[tuple[str, bool]] = []
    relit: dict[str, list[tuple[str, bool]]] = {name: [] for name in CHANGES}
    for number, path in enumerate(photos):
        progress(number + 1)
        try:
            photo = read_photo(path)
        except UnreadablePhoto:
            continue
        bucket, ok = measure_skin_tone(photo).bucket, judge_lighting(measure_lighting(photo)).ok
        original.append((bucket, not ok))
        if ok:
            radiance = LINEAR[photo]
            for name, (_, change) in CHANGES.items():
                relit[name].append((bucket, not judge_lighting(measure_lighting(encode(change(radiance)))).ok))
    return {
        "n": len(original),
        "called_poor": _by_bucket(original),
        "relit": {name: {"strong": CHANGES[name][0], **_by_bucket(rows)} for name, rows in relit.items()},
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
    if photos := found.get("photos"):
        lines.append(f"{photos['n']} real photos, by measured tone")
        for name, each in photos["called_poor"].items():
            lines.append(f"  labelled poor, original light, {name:8} {_text(each)}")
        for change, by_bucket in photos["relit"].items():
            shown = ", ".join(f"{name} {100 * by_bucket[name]['share']:.1f}%" for name in SLICES)
            lines.append(f"  {'strong' if by_bucket['strong'] else 'mild':6} {change:40} labelled poor: {shown}")
    return "\n".join(lines)


def _text(part: dict[str, Any]) -> str:
    low, high = part["interval"]
    return f"{100 * part['share']:.1f}% ({part['hits']} of {part['n']}; {100 * low:.1f} to {100 * high:.1f}%)"


@click.command()
@click.option("--photos", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=PHOTOS, show_default=True, type=click.IntRange(min=1), help="Photos drawn from it.")
@click.option("--phantoms", default=PHANTOMS, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=SEED, show_default=True, type=click.IntRange(min=0), help="Series of phantoms.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(folder: Path | None, count: int, phantoms: int, seed: int, json_path: Path | None) -> None:
    """Measure the lighting label and the skin tone on phantoms and photos."""
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
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
