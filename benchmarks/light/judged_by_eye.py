"""Lighting label, skin finder and skin tone on photographs whose light people judged, by Fitzpatrick type.

    python -m benchmarks.light.judged_by_eye FOLDER [--not-skin FOLDER] [--json FILE]

FOLDER holds `light_by_eye.csv` (photo, fitzpatrick, reader_a, reader_b), a table of the same name as the folder with
the columns photo and group, and the photographs. Photographs that both readers call good are refused wrongly; relit by
known amounts in linear light (IEC 61966-2-1) they should be refused. Intervals are 95 %, by bootstrap over groups.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import pandas as pd

from benchmarks.console import run_script
from benchmarks.light.changes import Change, blurred, exposed, falling, glaring, tinted
from skin_data.phantom.camera import encode
from skin_data.statistics import GroupDraws
from triage.atomic import write_json
from triage.framing import measure_framing
from triage.lighting import REASONS, LightingFeatures, judge_lighting, measure_lighting
from triage.photo import Photo, read_photo
from triage.skin_color import LINEAR
from triage.skin_tone import measure_skin_tone

SLICES = {"I to III": (1, 2, 3), "IV": (4,), "V and VI": (5, 6), "all": (1, 2, 3, 4, 5, 6)}
"""Fitzpatrick types of each column."""
FALLS = (2, 4, 6)
"""Simulated falls of the light across the crop, stops, each in two directions."""
CHANGES: dict[str, Change] = {
    "3.5 stops darker": exposed(-3.5),
    "2 stops brighter": exposed(2),
    "warm (2300 K taken for 7000 K)": tinted(2300, 7000),
    "cool (14000 K taken for 3600 K)": tinted(14000, 3600),
    "blur of 1.5 % of the longer side": blurred(0.015),
    "glare": glaring(1.3),
}
LIMITS = (2.0, 2.25, 2.5, 2.7, 3.0, 3.5, 4.0)
"""Thresholds of unevenness in the trade-off, stops."""
GOLDEN_ANGLE = 2.39996
"""Radians between the directions of successive photographs' falls, so that all directions occur equally often."""
FOLDS, WRONGLY = 5, 0.02
"""Folds of the cross-validation, and the fraction of good photographs that unevenness may refuse in the others."""


def measure(folder: Path, not_skin: Path | None = None) -> dict[str, Any]:
    """Measure all photographs of the folder; see the module's docstring.

    Returns:
        `refused`, `found`, `trade_off`, `cross_validated`, `no_skin` and `tone`, rows as in the printed report.
    """
    table = pd.read_csv(folder / f"{folder.name}.csv")[["photo", "group"]]
    frame = pd.read_csv(folder / "light_by_eye.csv").merge(table, on="photo")
    photos = [read_photo(folder / name) for name in frame["photo"]]
    features = [measure_lighting(photo) for photo in photos]
    judged = Judged(frame, np.array([_reasons(each) for each in features]))
    good = np.flatnonzero((frame["reader_a"] == "good") & (frame["reader_b"] == "good"))
    uneven = np.array([each.unevenness for each in features])
    falls = {
        stops: np.array([_falls(photos[row], number, stops) for number, row in enumerate(good)]) for stops in FALLS
    }
    relit = {name: np.array([_relit(photos[row], change).any() for row in good]) for name, change in CHANGES.items()}
    relit |= {f"fall of {stops} stops": each[..., 0].mean(axis=1) for stops, each in falls.items()}
    return {
        "photos": len(frame),
        "groups": int(frame["group"].nunique()),
        "refused": {
            **{reader: judged.row(judged.poor, frame[reader] == "good") for reader in ("reader_a", "reader_b")},
            "both": judged.row(judged.poor, judged.among(good)),
            **{f"both: {name}": judged.row(judged.reasons[:, n], judged.among(good)) for n, name in enumerate(REASONS)},
            "difference of V and VI from I to III": judged.difference(judged.poor, good),
        },
        "found": {name: judged.row(judged.spread(good, each), judged.among(good)) for name, each in relit.items()},
        "trade_off": {
            f"{limit} stops": {
                "good refused": judged.row(uneven > limit, judged.among(good)),
                **{
                    f"fall of {stops} found": judged.row(
                        judged.spread(good, (each[..., 1] > limit).mean(axis=1)), judged.among(good)
                    )
                    for stops, each in falls.items()
                },
            }
            for limit in LIMITS
        },
        "cross_validated": _cross_validated(uneven[good], falls[4][..., 1], frame["group"].to_numpy()[good]),
        "no_skin": _no_skin(frame, photos, not_skin),
        "tone": _tone(frame, photos),
    }


class Judged:
    """Fractions of photographs by slice, with intervals.

    Args:
        frame: of the photographs, with the columns fitzpatrick and group.
        reasons: bool [photographs, reasons], the faults that the label names.
    """

    def __init__(self, frame: pd.DataFrame, reasons: np.ndarray):
        self.reasons, self.poor = reasons, reasons.any(axis=1)
        self._types = frame["fitzpatrick"].to_numpy()
        self._draws = GroupDraws(frame["group"].to_numpy())

    def among(self, rows: np.ndarray) -> np.ndarray:
        """Turn row numbers into bool [photographs]."""
        return self.spread(rows, np.ones(len(rows))) > 0

    def spread(self, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values of some rows as float64 [photographs], 0 elsewhere."""
        everywhere = np.zeros(len(self._types))
        everywhere[rows] = values
        return everywhere

    def row(self, values: Any, chosen: Any) -> dict[str, dict[str, float]]:
        """Mean and interval of the values of the chosen photographs in each slice."""
        values, chosen = np.asarray(values, float), np.asarray(chosen, bool)
        cells = {}
        for name, types in SLICES.items():
            rows = np.flatnonzero(chosen & np.isin(self._types, types))
            value, low, high = self._draws.interval(lambda weights, rows: _means(weights, values[rows]), rows)
            cells[name] = {"n": len(rows), "value": value, "low": low, "high": high}
        return cells

    def difference(self, values: Any, rows: np.ndarray) -> dict[str, dict[str, float]]:
        """Mean of V and VI minus that of I to III, with its interval."""
        values = np.asarray(values, float)
        dark, light = (np.isin(self._types, SLICES[name]) for name in ("V and VI", "I to III"))

        def statistic(weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
            means = [_means(weights[:, each[rows]], values[rows][each[rows]]) for each in (dark, light)]
            return np.asarray(means[0] - means[1])

        value, low, high = self._draws.interval(statistic, rows)
        return {"all": {"n": len(rows), "value": value, "low": low, "high": high}}


def _means(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of values [m] under each draw's weights [draws, m]; NaN where a draw holds none of them."""
    with np.errstate(invalid="ignore"):
        return np.asarray(weights @ values / weights.sum(axis=1))


def _reasons(features: LightingFeatures) -> list[bool]:
    found = judge_lighting(features).reasons
    return [reason in found for reason in REASONS]


def _relit(photo: Photo, change: Change) -> np.ndarray:
    return np.array(_reasons(measure_lighting(encode(change(LINEAR[photo])))))


def _falls(photo: Photo, number: int, stops: float) -> list[tuple[float, float]]:
    """Whether the label calls the photo poor, and its unevenness, for a fall in two opposite directions."""
    measured = [
        measure_lighting(encode(falling(stops, number * GOLDEN_ANGLE + turn)(LINEAR[photo]))) for turn in (0, np.pi)
    ]
    return [(float(not judge_lighting(each).ok), each.unevenness) for each in measured]


def _cross_validated(uneven: np.ndarray, falls: np.ndarray, groups: np.ndarray) -> dict[str, Any]:
    """Choose the threshold of unevenness on all groups but a fold's, and measure on that fold."""
    from sklearn.model_selection import GroupKFold

    chosen, refused, found = [], [], []
    for others, held_out in GroupKFold(FOLDS).split(uneven, groups=groups):
        limit = float(np.quantile(uneven[others], 1 - WRONGLY))
        chosen.append(limit)
        refused.extend(uneven[held_out] > limit)
        found.extend((falls[held_out] > limit).mean(axis=1))
    return {"thresholds": chosen, "good refused": float(np.mean(refused)), "fall of 4 found": float(np.mean(found))}


def _no_skin(frame: pd.DataFrame, photos: Sequence[Photo], folder: Path | None) -> dict[str, Any]:
    missed = np.array([measure_framing(photo).no_skin for photo in photos])
    found = {f"type {kind}": _count(missed[frame["fitzpatrick"] == kind]) for kind in range(1, 7)}
    if folder:
        others = [read_photo(path) for path in sorted(folder.glob("*.jpg"))]
        found["not skin"] = _count(np.array([measure_framing(each).no_skin for each in others]))
    return found


def _count(hits: np.ndarray) -> dict[str, int]:
    return {"hits": int(hits.sum()), "n": len(hits)}


def _tone(frame: pd.DataFrame, photos: Sequence[Photo]) -> dict[str, Any]:
    tones = [measure_skin_tone(photo) for photo in photos]
    angles = pd.Series([tone.ita for tone in tones])
    buckets = pd.crosstab(frame["fitzpatrick"], pd.Series([tone.bucket for tone in tones]))
    return {
        "rank_correlation": float(angles.corr(frame["fitzpatrick"], method="spearman")),
        "buckets": {f"type {kind}": row.to_dict() for kind, row in buckets.iterrows()},
    }


def report(found: dict[str, Any]) -> str:
    """Return the results as text."""
    lines = [f"{found['photos']} photographs of {found['groups']} groups; refused of those that readers call good"]
    lines += [_line(name, row) for name, row in found["refused"].items()]
    lines.append("refused after relighting, of those that both readers call good")
    lines += [_line(name, row) for name, row in found["found"].items()]
    lines.append("by unevenness alone, at thresholds")
    lines += [
        _line(f"{limit}: {name}", row) for limit, rows in found["trade_off"].items() for name, row in rows.items()
    ]
    checked = found["cross_validated"]
    thresholds = ", ".join(f"{each:.2f}" for each in checked["thresholds"])
    lines.append(
        f"cross-validated by group (thresholds {thresholds}): refused {checked['good refused']:.1%}, fall of 4 stops "
        f"found {checked['fall of 4 found']:.1%}"
    )
    lines.append(
        "no skin: " + ", ".join(f"{name} {row['hits']} of {row['n']}" for name, row in found["no_skin"].items())
    )
    lines.append(f"rank correlation of ITA and Fitzpatrick type {found['tone']['rank_correlation']:.2f}")
    lines += [f"  {kind}: {buckets}" for kind, buckets in found["tone"]["buckets"].items()]
    return "\n".join(lines)


def _line(name: str, row: dict[str, dict[str, float]]) -> str:
    cells = "; ".join(
        f"{place} {100 * cell['value']:.1f} % ({100 * cell['low']:.1f} to {100 * cell['high']:.1f}, n = {cell['n']})"
        for place, cell in row.items()
    )
    return f"  {name}: {cells}"


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--not-skin", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Photos without skin.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here.")
def main(folder: Path, not_skin: Path | None, json_path: Path | None) -> None:
    """Measure the lighting label on photographs whose light people judged."""
    cv2.setNumThreads(1)
    found = measure(folder, not_skin)
    print(report(found))
    if json_path:
        write_json(json_path, found)


if __name__ == "__main__":
    run_script(main)
