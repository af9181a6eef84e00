"""What a run measured: confusion matrix, slices, calibration, gates, latency, and what was not measured."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from benchmarks.report import words
from benchmarks.report.collect import Entry, collect
from skin_data.manifest import Manifest
from skin_training.evaluation.evaluate import true_classes
from skin_training.run_folder import RunFolder
from triage.errors import SkinDistillError
from triage.model_card import ModelCard
from triage.photo import read_photo, small_copy
from triage.plain_text import printable
from web_app.stakeholder.picture import show_pictures
from web_app.stakeholder.table import show_table

CARD_METRICS = {
    "Balanced accuracy, mean of folds": "balanced_accuracy_mean_of_folds",
    "Accuracy": "accuracy",
    "Sensitivity for urgent classes": "urgent_sensitivity",
    "Specificity": "urgent_specificity",
    "Calibration error": "ece",
}
"""Of the card's section `measured`."""
MOST_PHOTOS = 24
SHOWN, PICTURE = 320, "9rem"
"""Longer side of a photo in pixels, and its least width on the page."""


def run_section(run: RunFolder, card: ModelCard, manifest: Manifest | None) -> None:
    """Show the measurements of a run's models.

    Args:
        run: with a report.
        card: of the chosen file.
        manifest: whose photos may be shown; None shows none.
    """
    entries = collect([str(run.experiment)])
    names = [entry.name for entry in entries]
    entry = entries[names.index(st.selectbox("Model", names) or names[0])]
    if entry.test.get("synthetic"):
        st.warning("Measured on synthetic images, which say nothing about real skin.")
    _headline(entry)
    _confusion(entry, run, manifest)
    st.header("Skin tones and other slices", anchor=False)
    st.write(f"{entry.test.get('tone_scheme', '')}. It describes a photo, not a person. Brackets: 95 % intervals.")
    show_table(_slices(entry.test), "Skin tones and other slices")
    st.header("Calibration", anchor=False)
    show_table(_calibration(entry), "Calibration")
    st.header("Verification", anchor=False)
    show_table(_gates(run, entry.name), "Verification")
    if "measured" in card:
        st.header("The file's card", anchor=False)
        _card(card)
    st.header("Not measured", anchor=False)
    for line in card["not_measured"]:
        st.write(f"- {line}")


def _headline(entry: Entry) -> None:
    rows = {
        "Accuracy": words.percentage(entry.metric("diagnosis", "accuracy")),
        "Balanced accuracy": words.percentage(entry.metric("diagnosis", "balanced_accuracy")),
        "Accuracy of the lighting head": words.percentage(entry.metric("lighting", "accuracy")),
        "Latency of one photo": words.latency(entry.latency),
        "Size": words.megabytes(entry.size),
        "Test photos": words.count(int(entry.test.get("n", 0))),
    }
    show_table([{"Metric": name, "Value": value} for name, value in rows.items()], "Metrics")


def _confusion(entry: Entry, run: RunFolder, manifest: Manifest | None) -> None:
    st.header("Confusion matrix", anchor=False)
    if "confusion" not in entry.test:  # reports of earlier versions
        st.write(words.NOT_MEASURED)
        return
    ids, counts = entry.test["confusion"]["classes"], entry.test["confusion"]["counts"]
    names = [one.replace("_", " ") for one in ids]
    st.write("Rows: true class. Columns: predicted class. Choose a cell to go through its photos.")
    rows = {name: dict(zip(names, row, strict=True)) for name, row in zip(names, counts, strict=True)}
    chosen: Any = st.dataframe(
        [{"true class": name, **row} for name, row in rows.items()],
        on_select="rerun",
        selection_mode="single-cell",
        hide_index=True,
        key=f"confusion-{run.name}-{entry.name}",
    )
    cells = [(row, column) for row, column in chosen.selection.get("cells", []) if column in names]
    true, predicted = (names[cells[0][0]], cells[0][1]) if cells else (names[0], names[0])
    left, right = st.columns(2)
    true = left.selectbox("True class", names, names.index(true))
    predicted = right.selectbox("Predicted class", names, names.index(predicted))
    st.write(f"{rows[true][predicted]} of {sum(rows[true].values())} photos of {true} are called {predicted}.")
    if manifest is None:
        st.write("Photos of the data set are shown only with `--data META.csv`.")
    else:
        _photos(run, entry, manifest, ids[names.index(true)], ids[names.index(predicted)])


def _photos(run: RunFolder, entry: Entry, manifest: Manifest, true: str, predicted: str) -> None:
    try:
        stored = run.read_test_predictions()
    except SkinDistillError as error:
        st.info(str(error))
        return
    frame, name = manifest.split("test"), "teacher" if entry.name == "teacher" else "student"
    if name not in stored or len(stored[name]) != len(frame):
        st.info("The stored predictions are of another data set: give the meta.csv that the run was trained with.")
        return
    ids = list(manifest.taxonomy.ids)
    rows = (true_classes(frame, ids) == ids.index(true)) & (stored[name].argmax(axis=1) == ids.index(predicted))
    if entry.name not in ("teacher", "student"):
        st.write("Photos by the prediction of the float student.")
    pictures = []
    for path in manifest.photo_paths(frame[rows].head(MOST_PHOTOS)):
        try:
            pictures.append((small_copy(read_photo(path), SHOWN), printable(path.name)))
        except SkinDistillError as error:
            st.error(str(error))
    show_pictures(pictures, PICTURE)


def _card(card: ModelCard) -> None:
    """Show what the chosen file's card says was measured, which may be on more photos than the run's test split."""
    measured = card["measured"]
    given = {"Photo alone": measured.get("photo_alone", {})}
    given |= {f"{count.capitalize()} answers": part for count, part in measured.get("answered", {}).items()}
    if {"n", "groups", "folds"} <= set(measured):
        st.write(f"Cross-validation, {measured['folds']} folds: {measured['n']} photos, {measured['groups']} groups.")
    rows = [
        {"Metric": name, **{title: words.percentage(part.get(key)) for title, part in given.items()}}
        for name, key in CARD_METRICS.items()
    ]
    show_table(rows, "The file's card")


def _slices(test: Mapping[str, Any]) -> list[dict[str, str]]:
    groups = {"skin tone": test.get("per_tone", {}), **test.get("slices", {})}
    return [
        {
            "Slice": f"{kind.replace('fitzpatrick', 'Fitzpatrick')} {name}",
            "Photos": words.count(part["n"]),
            "Accuracy": words.percentage(part.get("diagnosis", {}).get("accuracy")),
            "Balanced accuracy": words.percentage(part.get("diagnosis", {}).get("balanced_accuracy")),
        }
        for kind, parts in groups.items()
        for name, part in parts.items()
    ]


def _calibration(entry: Entry) -> list[dict[str, str]]:
    found = entry.calibration or {}
    parts = {"all": found, **{f"skin tone {tone}": part for tone, part in found.get("per_tone", {}).items()}}
    return [
        {
            "Photos": name,
            "Calibration error before": words.percentage(part.get("ece_before")),
            "after temperature scaling": words.percentage(part.get("ece_after")),
        }
        for name, part in parts.items()
    ]


def _gates(run: RunFolder, variant: str) -> list[dict[str, str]]:
    files = run.read_report().get("verify", {}).get("files", [])
    gates: list[dict[str, str]] = next((file["gates"] for file in files if file["variant"] == variant), [])
    return [{"Gate": g["gate"], "Measured": g["measured"], "Limit": g["limit"], "Outcome": g["outcome"]} for g in gates]
