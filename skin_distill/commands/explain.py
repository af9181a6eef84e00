"""`skin-distill explain`: plots of where a model looked."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed, UnreadablePhoto, UnusableInput

if TYPE_CHECKING:
    import numpy as np

    from skin_training.run_folder import RunFolder

EPILOG = """\b
Example:
  skin-distill explain phantom-student photo.jpg --out explained/

A bright spot shows what a prediction rests on, not whether it is right.
"""
TOP_CLASSES = 3


@click.command("explain", epilog=EPILOG)
@click.argument("run_name", metavar="RUN")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", default=Path("explained"), show_default=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the plots, one for each photo.")  # fmt: skip
@click.option(
    "--head",
    type=click.Choice(["diagnosis", "lighting"]),
    default="diagnosis",
    show_default=True,
    help="Prediction to explain.",
)
@click.option("--class", "class_id", help="Class to explain; default: the predicted one.")
@output_options
def command(
    run_name: str, photos: tuple[Path, ...], out: Path, head: str, class_id: str | None, terminal: Terminal
) -> None:
    """Show where a run's model looked (Grad-CAM).

    PHOTOS are image files. Uses the run's student, or its teacher where the run has no student. A converted student's
    spot is drawn, and a table tells by class how much of Grad-CAM lies inside it, where the model is sure of one: less
    than the box's own area speaks for a watermark, a ruler or the skin around.
    """
    load_tensorflow()
    with needs_extra("train"):
        from convert.making.spot import maps_of_student
        from convert.making.spot_fit import HEAD_FILE
        from distill.model_file import load_model
        from skin_training.grad_cam import fraction_inside, grad_cam
        from skin_training.plotting import display_name
        from skin_training.predict import predict
        from skin_training.run_folder import RunFolder
        from skin_training.spot import SpotHead
        from triage.assessment import DISCLAIMER
        from triage.crop import Crop
        from triage.photo import prepare_pixels, read_photo, to_tensor
        from triage.spot import SURE_FROM

    run = RunFolder(run_name)
    report, config = run.read_report(), run.read_config()
    section, file = ("distill", "student.keras") if "distill" in report else ("teacher", "teacher.keras")
    classes = list(report[section]["test"]["per_class"])
    if class_id is not None and (head != "diagnosis" or class_id not in classes):
        raise UnusableInput(f"--class must be one of the diagnoses: {', '.join(classes)}. Received: {class_id}.")
    model = load_model(run.artifacts / file)
    crop = Crop.recorded(config.get(section, {}))
    finder = SpotHead.load(run.artifacts / HEAD_FILE) if _finds_spots(run, section, HEAD_FILE) else None
    written: list[dict[str, Any]] = []
    unreadable: list[str] = []
    for number, (path, name) in enumerate(zip(photos, plot_names(photos), strict=True)):
        try:
            pixels = prepare_pixels(read_photo(path), model.input_shape[1], crop)
        except UnreadablePhoto as error:
            unreadable.append(str(error))
            continue
        diagnosis, lighting = (prediction[0] for prediction in predict(model, pixels[None]))
        image = to_tensor(pixels)[0]
        heatmap = grad_cam(model, image, head, classes.index(class_id) if class_id else None)
        top = sorted(zip(diagnosis.tolist(), classes, strict=True), reverse=True)[:TOP_CLASSES]
        explained = "well lit" if head == "lighting" else class_id or top[0][1]
        predictions = ", ".join(f"{display_name(label)} {probability:.0%}" for probability, label in top)
        spot = finder.predict(maps_of_student(model, pixels[None]))[0] if finder else None
        sure = spot is not None and spot[4] >= SURE_FROM
        plot_path = out / f"{name}-{head}.png"
        title = f'{run_name}, {path.name}: evidence for "{display_name(explained)}"'
        shown = spot if sure else None
        _plot(plot_path, image, heatmap, shown, title, f"{predictions}; well lit {lighting:.0%}")
        entry = {"photo": str(path), "picture": str(plot_path), "explains": explained, "answers": predictions}
        if spot is not None:
            # The spot may reach beyond the view: its area there is that of an even map.
            inside, area = (fraction_inside(m, spot, len(pixels)) if sure else None for m in (heatmap, heatmap * 0 + 1))
            entry |= {"spot": [float(value) for value in spot], "inside_spot": inside, "area_of_spot": area}
        written.append(entry)
        terminal.progress("explain", number + 1, len(photos))
    text = "\n".join(f"{w['picture']}: {display_name(w['explains'])} ({w['answers']})" for w in written)
    measured = [entry for entry in written if entry.get("inside_spot") is not None]
    if measured:
        terminal.table(
            "Grad-CAM inside the spot",
            ("class", "photos", "inside", "area of the spot"),
            [
                (
                    display_name(name),
                    len(rows),
                    f"{sum(row['inside_spot'] for row in rows) / len(rows):.0%}",
                    f"{sum(row['area_of_spot'] for row in rows) / len(rows):.0%}",
                )
                for name, rows in _by_class(measured).items()
            ],
            caption="Means. A model that looks anywhere has the area of the spot inside.",
        )
    terminal.result(written, f"{text}\n{DISCLAIMER}" if written else None)
    if unreadable:
        summary = f"{len(unreadable)} of {len(photos)} photos could not be read: {'; '.join(unreadable)}"
        raise CheckFailed(summary) if written else UnusableInput(summary)


def _finds_spots(run: "RunFolder", section: str, head: str) -> bool:
    return section == "distill" and (run.artifacts / head).is_file() and "key" in run.read_report().get("spot", {})


def _by_class(entries: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Group photos by the explained class."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(entry["explains"], []).append(entry)
    return dict(sorted(groups.items()))


def plot_names(photos: Iterable[Path]) -> list[str]:
    """Name a plot after each photo's file, numbered where another one has the name."""
    names: list[str] = []
    for photo in photos:
        name, number = photo.stem, 1
        while name in names:
            number += 1
            name = f"{photo.stem}-{number}"
        names.append(name)
    return names


def _plot(
    path: Path, image: "np.ndarray", heatmap: "np.ndarray", spot: "np.ndarray | None", title: str, caption: str
) -> None:
    from matplotlib.patches import Rectangle

    from skin_training.grad_cam import overlay
    from skin_training.plotting import saved_plot

    with saved_plot(path, title, (8, 4.9), (1, 2)) as (left, right):
        for axes, shown, name in ((left, image, "model input"), (right, overlay(image, heatmap), "Grad-CAM")):
            axes.imshow(shown)
            axes.set_axis_off()
            if spot is not None:
                x, y, width, height = spot[:4] * len(image)
                box = (x - width / 2 - 0.5, y - height / 2 - 0.5)
                axes.add_patch(Rectangle(box, width, height, fill=False, edgecolor="white", linewidth=1.5))
            axes.set_title(name, fontsize=9)
        left.figure.supxlabel(f"{caption}\nNot a diagnosis. Research and education only.", fontsize=8)
