"""The data card: what a prepared data set contains, lacks and may mislead about."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from skin_data.confounding import TrivialBaseline
from skin_data.duplicates import COPY_DETAIL, Duplicate
from skin_data.manifest import SPLITS, Manifest
from skin_data.plots import LARGEST_TYPOLOGY_ANGLE, WELL_LIT, draw_plots
from skin_data.sources.record import ConditionCoverage, Doubt, Rejection
from triage.atomic import write_text
from triage.lighting import REASONS
from triage.skin_tone import TONE_BUCKETS, TONE_SCHEME, UNKNOWN_TONE

NO_DIAGNOSIS = "no diagnosis"
LISTED = 12
"""Rows of a table that the card shows; the file it names has them all."""
SYNTHETIC_NOTE = (
    "**Synthetic data.** These are rendered skin phantoms. Metrics measured on them show that a pipeline works, and "
    "nothing about real skin."
)


class DataFindings(NamedTuple):
    """Findings made while a data set was prepared; the last two as in `Listing`."""

    rejections: Sequence[Rejection]
    doubts: Sequence[Doubt]
    pairs: Sequence[Duplicate]
    baselines: Sequence[TrivialBaseline]
    coverage: Sequence[ConditionCoverage]
    columns: Mapping[str, str]


def write_datacard(out: Path, manifest: Manifest, findings: DataFindings, seed: int) -> None:
    """Write `datacard.md` and `figures/*.png` beside a meta.csv whose split has this seed."""
    frame, ids = manifest.frame, manifest.taxonomy.ids
    diagnosis = frame["diagnosis"].fillna(NO_DIAGNOSIS)
    classes = [*ids, NO_DIAGNOSIS] if frame["diagnosis"].isna().any() else ids
    light = frame["lighting_reason"].replace("", WELL_LIT)
    reasons = [WELL_LIT, *(reason for reason in REASONS if (light == reason).any())]
    tones = (*TONE_BUCKETS, UNKNOWN_TONE)

    def by_class(columns: "pd.Series[Any]", across: Sequence[str]) -> str:
        return _counts(diagnosis, columns, classes, across, "class")

    by_source = by_class(frame["source"], sorted(frame["source"].unique()))
    tone_by_split = _counts(frame["tone_bucket"], frame["split"], tones, SPLITS, "tone")
    columns = _table(["meaning", "column"], findings.columns.items()) if findings.columns else ""
    sections = {
        "Columns of the table": columns.replace("---:", "---"),
        "Classes by split": by_class(frame["split"], SPLITS),
        "Conditions and classes": _coverage(findings.coverage),
        "Classes by source": f"{by_source}\n\n{_pure_classes(frame)}",
        "What can be predicted without the lesion": describe_confounding(findings.baselines),
        "Skin tone": f"Measured from the photo by {TONE_SCHEME}; it describes a photo, not a person.\n\n"
        f"{by_class(frame['tone_bucket'], tones)}\n\n{tone_by_split}\n\n{_bluish(frame)}",
        "The data set's own tone labels": _own_tones(frame),
        "Lighting": "Measured from the photo; the reason is the most serious one.\n\n"
        f"{by_class(light, reasons)}\n\n{_counts(light, frame['tone_bucket'], reasons, tones, 'lighting')}",
        "Groups and near-duplicates": _groups(frame, findings.pairs),
        "Missing values": _missing(frame),
        "Rejected": _kinds([r.reason for r in findings.rejections], "rejected.csv", "Nothing was rejected."),
        "Doubtful": _kinds([d.kind for d in findings.doubts], "doubtful.csv", "Nothing is doubtful."),
    }
    head = [f"# Data card: {manifest.dataset}", SYNTHETIC_NOTE if manifest.synthetic else ""]
    head += [
        f"{len(frame)} photos in {frame['group'].nunique()} groups, {len(ids)} classes (taxonomy "
        f"{manifest.taxonomy.name}). Split seed {seed}. Content SHA-256 `{manifest.sha256}`."
    ]
    body = [f"## {title}\n\n{text}" for title, text in sections.items() if text]
    draw_plots(out / "figures", manifest)
    write_text(out / "datacard.md", "\n\n".join([part for part in head if part] + body) + "\n")


def _counts(
    rows: "pd.Series[Any]", columns: "pd.Series[Any]", order: Sequence[str], across: Sequence[str], corner: str
) -> str:
    counts = pd.crosstab(rows, columns).reindex(list(order), columns=list(across)).fillna(0).astype(int)
    return _table([corner, *across], ([name, *row] for name, row in zip(order, counts.to_numpy(), strict=True)))


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table whose first column is text and whose others are numbers."""
    rule = "|---" + "|---:" * (len(header) - 1) + "|"
    lines = ("| " + " | ".join(map(str, row)) + " |" for row in (header, *rows))
    return "\n".join([next(lines), rule, *lines])


def _pure_classes(frame: pd.DataFrame) -> str:
    counts = pd.crosstab(frame["diagnosis"], frame["source"])
    if counts.shape[1] < 2:
        return "All photos come from one source."
    pure = counts.index[(counts > 0).sum(axis=1) == 1].tolist()
    if not pure:
        return "Every class comes from more than one source."
    return (
        f"**Source and class are confounded**: {', '.join(pure)} come from one source only, so a model may learn the "
        "source instead of the lesion."
    )


def describe_confounding(baselines: Sequence[TrivialBaseline]) -> str:
    """Write the baselines as a Markdown table, with a plain warning where there is reason for one."""
    if not baselines:
        return "Too few photos, groups, classes or sources for a baseline that does not see the lesion."
    table = _table(
        ["predicted", "from", "photos", "balanced accuracy (95 %)", "chance"],
        (
            [b.target, b.cue, b.photos, f"{b.balanced_accuracy:.2f} ({b.low:.2f} to {b.high:.2f})", f"{b.chance:.2f}"]
            for b in baselines
        ),
    )
    text = f"A trivial model that sees only this, and never the lesion, predicts:\n\n{table}\n\n"
    warned = [b for b in baselines if b.warns]
    if not warned:
        return text + "None of it is far above chance."
    best = max((b for b in warned if b.target == "class"), key=lambda b: b.balanced_accuracy, default=None)
    text += "**Beware**: "
    if any(b.target == "source" for b in warned):
        text += "the source of a photo is visible without looking at the lesion. "
    if best:
        text += (
            f"A model can reach a balanced accuracy of {best.balanced_accuracy:.2f} here from the {best.cue} alone, so "
            "an accuracy measured on this data says less about skin than it seems. "
        )
    return text + "Expect less on photos from elsewhere, and test on them."


def _bluish(frame: pd.DataFrame) -> str:
    bluish = frame["ita"].abs() > LARGEST_TYPOLOGY_ANGLE
    if not bluish.any():
        return f"No photo has an angle beyond {LARGEST_TYPOLOGY_ANGLE} degrees."
    measured = int(frame["ita"].notna().sum())
    buckets = ", ".join(f"{count} {name}" for name, count in frame.loc[bluish, "tone_bucket"].value_counts().items())
    return (
        f"**{int(bluish.sum())} of {measured} angles are beyond {LARGEST_TYPOLOGY_ANGLE} degrees** ({buckets}): the "
        "photo shows skin bluer than grey, because of the light, the dermatoscope or the white balance, and the "
        "bucket says little about skin."
    )


def _own_tones(frame: pd.DataFrame) -> str:
    return "\n\n".join(
        _counts(frame[column], frame["tone_bucket"], order, (*TONE_BUCKETS, UNKNOWN_TONE), name)
        for column, name in (("fitzpatrick", "Fitzpatrick type"), ("monk", "Monk tone"))
        if (order := sorted(frame[column].dropna().unique(), key=lambda label: (len(label), label)))
    )


def _coverage(coverage: Sequence[ConditionCoverage]) -> str:
    if not coverage:
        return ""
    total, mapped = sum(c.weight for c in coverage), sum(c.weight for c in coverage if c.diagnosis)
    unmapped = [c for c in coverage if not c.diagnosis]
    return (
        f"{len(coverage) - len(unmapped)} of {len(coverage)} conditions map onto a class, and with them "
        f"{mapped / total:.0%} of the experts' confidence (`coverage.csv`). The heaviest that map onto no class:\n\n"
    ) + _table(
        ["condition", "confidence, cases", "named in cases"],
        ([c.condition, f"{c.weight:.1f}", c.cases] for c in unmapped[:LISTED]),
    )


def _groups(frame: pd.DataFrame, pairs: Sequence[Duplicate]) -> str:
    sizes = frame["group"].value_counts()
    text = f"{int((sizes > 1).sum())} groups hold more than one photo; the largest holds {int(sizes.max())}."
    by_distance = Counter(pair.distance for pair in pairs)
    shown = ", ".join(f"{count} at {distance} bits" for distance, count in sorted(by_distance.items())) or "none"
    text += f" Near-duplicate pairs: {shown}; {sum(pair.correlation >= COPY_DETAIL for pair in pairs)} "
    text += "of them certain copies."
    if frame["group"].str.startswith("picture-").any():
        text += " Where no patient, lesion or case is named, groups are clusters of such pairs; different photos of "
        text += "one lesion are found only where they look alike."
    return text


def _missing(frame: pd.DataFrame) -> str:
    columns = ("diagnosis", "soft_label", "lighting_label", "ita", "fitzpatrick", "monk")
    return _table(["column", "missing"], ([column, int(frame[column].isna().sum())] for column in columns))


def _kinds(kinds: Sequence[str], file: str, none: str) -> str:
    if not kinds:
        return none
    counted = Counter(kind.split(":")[0] for kind in kinds)
    return f"{len(kinds)}, listed in `{file}`.\n\n" + _table(["what", "count"], counted.most_common(LISTED))
