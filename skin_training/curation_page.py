"""The page of `curate` to look through: photos by label and suggestion, in one HTML file that loads nothing."""

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from skin_data.manifest import Manifest
from skin_data.progress import Progress, no_progress
from skin_training.plotting import display_name
from triage.errors import UnreadablePhoto
from triage.photo import read_photo, small_copy

if TYPE_CHECKING:
    import pandas as pd

SIDE, QUALITY = 180, 80
STYLE = (
    "body{font:15px/1.4 system-ui,sans-serif;margin:1.5rem;max-width:75rem}"
    "section{display:flex;flex-wrap:wrap;gap:.6rem}figure{margin:0;width:180px;font-size:.75rem;overflow-wrap:anywhere}"
    "img{max-width:180px;border-radius:6px}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
)


def curation_page(
    manifest: Manifest, findings: "pd.DataFrame", most: int = 60, progress: Progress = no_progress
) -> str:
    """Return the page as HTML.

    Args:
        manifest: the data set.
        findings: of `skin_training.curation.Curation`.
        most: photos shown of each pair of label and suggestion, the surest first; the CSV has all.
        progress: called as `progress("draw the page", done, total)`.
    """
    place_of = dict(zip(manifest.frame["image_path"], manifest.photo_paths(manifest.frame), strict=True))
    kinds = findings.groupby(["finding", "diagnosis", "suggested"], sort=False)
    ordered = sorted(kinds, key=lambda kind: (kind[0][0], -len(kind[1])))
    total, done, parts = sum(min(most, len(rows)) for _, rows in ordered), 0, []
    for (finding, label, suggested), rows in ordered:
        arrow = f", suggested {escape(display_name(suggested))}" if suggested else ""
        shown = f", {most} of them shown" if len(rows) > most else ""
        figures = []
        for row in rows.head(most).to_dict("records"):
            figures.append(_figure(place_of[row["image_path"]], row))
            done += 1
            progress("draw the page", done, total)
        parts.append(
            f"<h2>{escape(finding)}: labelled {escape(display_name(label))}{arrow} ({len(rows)}{shown})</h2>"
            f"<section>{''.join(figures)}</section>"
        )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Labels to look at again</title>'
        f"<style>{STYLE}</style></head><body><h1>Labels to look at again</h1><p>Numbers are out-of-fold probabilities "
        "of label and suggestion. A suggestion is a model's, not a diagnosis. This page contains photographs.</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _figure(path: Path, row: dict[str, object]) -> str:
    try:
        pixels = small_copy(read_photo(path), SIDE)
        _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        data = base64.b64encode(encoded.tobytes()).decode()
        picture = f'<img alt="" src="data:image/jpeg;base64,{data}">'
    except UnreadablePhoto as error:
        picture = escape(error.reason)
    copy = f"; copy of {escape(str(row['other_photo']))}" if row["other_photo"] else ""
    numbers = f"{row['probability_of_label']:.2f} / {row['probability_of_suggested']:.2f}"
    return f"<figure>{picture}<figcaption>{escape(path.name)}, {row['split']}, {numbers}{copy}</figcaption></figure>"
