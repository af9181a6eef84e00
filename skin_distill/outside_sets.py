"""The option --also and the table of outside test sets, for every command that measures a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skin_distill.terminal import Terminal, percent

if TYPE_CHECKING:
    from skin_training.report_types import OutsideSection

also_option = click.option(
    "--also",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="meta.csv of a test set from elsewhere; measured on the classes it shares with the model. Repeatable.",
)


def show_outside(terminal: Terminal, sections: "Mapping[str, OutsideSection]") -> None:
    """Print a table for each outside test set: all models overall and by Fitzpatrick group, and the paired gain."""
    for name, section in sections.items():
        absent = f" Without {', '.join(section['absent'])}." if section["absent"] else ""
        left = section["left_out"]
        rows = []
        for model, test in section["test"].items():
            groups: dict[str, Any] = test["slices"].get("fitzpatrick group", {})
            parts = {"": test, **{f", types {group}": part for group, part in groups.items()}}
            rows += [
                (
                    f"{model}{part}",
                    measured["n"],
                    percent(measured["diagnosis"]["accuracy"]),
                    percent(measured["diagnosis"]["balanced_accuracy"]),
                )
                for part, measured in parts.items()
            ]
        gain = section["gain"]
        of_groups = gain.get("per_fitzpatrick", {}) if gain else {}
        more = "".join(f"; accuracy of types {group} {percent(metric)}" for group, metric in of_groups.items())
        paired = f" Gain in balanced accuracy: {percent(gain['balanced_accuracy'])}{more}." if gain else ""
        terminal.table(
            f"Outside: {name}, {len(section['shared'])} classes",
            ("model", "n", "accuracy", "balanced accuracy"),
            rows,
            caption=f"Probabilities among the shared classes: {', '.join(section['shared'])}.{absent} Left out: "
            f"{left['other_classes']} photos of other classes, {left['known']} that the model has seen.{paired}",
        )
