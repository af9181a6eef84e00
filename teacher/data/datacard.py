"""The description of a prepared data set: what is in it, what is missing, what to beware of."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from teacher.data.duplicates import Duplicate
from teacher.data.figures import LARGEST_TYPOLOGY_ANGLE, draw_figures
from teacher.data.manifest import SPLITS, Manifest
from teacher.data.sources.record import Rejection
from triage.atomic import write_text
from triage.skin_tone import TONE_SCHEME

SYNTHETIC_NOTE = (
    "**Synthetic data.** These are rendered skin phantoms. Figures measured on them say how a pipeline works, and "
    "nothing about real skin."
)


def write_datacard(
    out: Path, manifest: Manifest, rejections: Sequence[Rejection], pairs: Sequence[Duplicate], seed: int
) -> None:
    """Write `datacard.md` and `figures/*.png` beside a meta.csv.

    Args:
        out: folder of the data set.
        manifest: the prepared table.
        rejections: what could not be used.
        pairs: near-duplicates found.
        seed: of the split.
    """
    frame = manifest.frame
    parts = [f"# Data card: {manifest.dataset}", ""]
    if manifest.synthetic:
        parts += [SYNTHETIC_NOTE, ""]
    parts += [
        f"{len(frame)} photos in {frame['group'].nunique()} groups, {len(manifest.taxonomy.classes)} classes "
        f"(taxonomy {manifest.taxonomy.name}). Split seed {seed}. Content SHA-256 `{manifest.sha256}`.",
        "",
        "## Classes by split",
        "",
        _table(pd.crosstab(frame["diagnosis"], frame["split"]).reindex(manifest.taxonomy.ids, columns=list(SPLITS)),
               "class"),
        "",
        "## Classes by source",
        "",
        _table(pd.crosstab(frame["diagnosis"], frame["source"]).reindex(manifest.taxonomy.ids), "class"),
        "",
        _confounding(frame),
        "",
        "## Skin tone",
        "",
        f"Measured from the photo by {TONE_SCHEME}; it describes a photo, not a person.",
        "",
        _table(pd.crosstab(frame["tone_bucket"], frame["split"]).reindex(columns=list(SPLITS)), "tone"),
        "",
        _bluish(frame),
        "",
        "## Lighting",
        "",
        "Measured from the photo; the reason is the most serious one.",
        "",
        _table(frame["lighting_reason"].replace("", "well lit").value_counts().rename("photos").to_frame(), "lighting"),
        "",
        "## Groups and near-duplicates",
        "",
        _groups(frame, pairs),
        "",
        "## Missing values",
        "",
        _missing(frame),
        "",
        "## Rejected",
        "",
        _rejected(rejections),
        "",
    ]  # fmt: skip
    draw_figures(out / "figures", manifest)
    write_text(out / "datacard.md", "\n".join(parts))


def _table(frame: pd.DataFrame, corner: str) -> str:
    frame = frame.fillna(0)
    header = f"| {corner} | " + " | ".join(map(str, frame.columns)) + " |"
    rule = "|---" + "|---:" * len(frame.columns) + "|"
    rows = [
        f"| {name} | " + " | ".join(str(int(v)) for v in row) + " |"
        for name, row in zip(frame.index, frame.values, strict=True)
    ]
    return "\n".join([header, rule, *rows])


def _confounding(frame: pd.DataFrame) -> str:
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


def _bluish(frame: pd.DataFrame) -> str:
    bluish = frame["ita"].abs() > LARGEST_TYPOLOGY_ANGLE
    if not bluish.any():
        return f"No photo has an angle beyond {LARGEST_TYPOLOGY_ANGLE} degrees."
    measured = int(frame["ita"].notna().sum())
    buckets = ", ".join(f"{count} {name}" for name, count in frame.loc[bluish, "tone_bucket"].value_counts().items())
    return (
        f"**{int(bluish.sum())} of {measured} angles are beyond {LARGEST_TYPOLOGY_ANGLE} degrees** ({buckets}): the "
        "photo shows skin bluer than grey, which the light, the dermatoscope or the white balance did. There the "
        "bucket says little about skin."
    )


def _groups(frame: pd.DataFrame, pairs: Sequence[Duplicate]) -> str:
    sizes = frame["group"].value_counts()
    spanning = (frame.drop_duplicates(["group", "diagnosis"])["group"].value_counts() > 1).sum()
    text = f"{int((sizes > 1).sum())} groups hold more than one photo; the largest holds {int(sizes.max())}."
    if frame["group"].str.startswith("picture-").any():
        by_distance = Counter(pair.distance for pair in pairs)
        shown = ", ".join(f"{count} at {distance} bits" for distance, count in sorted(by_distance.items())) or "none"
        text += " The data set names no patients or lesions: groups are clusters of near-duplicates "
        text += f"(pairs found: {shown}); different photos of one lesion are found only where they look alike."
    if spanning:
        text += f" {int(spanning)} groups hold photos of different classes: look-alikes, or a wrong label."
    return text


def _missing(frame: pd.DataFrame) -> str:
    columns = ("diagnosis", "soft_label", "lighting_label", "ita", "fitzpatrick", "monk")
    lines = [f"| {column} | {int(frame[column].isna().sum())} |" for column in columns]
    return "\n".join(["| column | missing |", "|---|---:|", *lines])


def _rejected(rejections: Sequence[Rejection]) -> str:
    if not rejections:
        return "None."
    reasons: Counter[Any] = Counter(r.reason.split(":")[0] for r in rejections)
    lines = [f"| {reason} | {count} |" for reason, count in reasons.most_common()]
    return "\n".join([f"{len(rejections)}, listed in `rejected.csv`.", "", "| reason | count |", "|---|---:|", *lines])
