"""`skin-distill explain`: pictures of where a model looked."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed, UnreadablePhoto, UnusableInput

EPILOG = """\b
Example:
  skin-distill explain phantom-student photo.jpg --out explained/

A bright spot says what the answer rests on, not whether it is right.
"""
SHOWN_ANSWERS = 3


@click.command("explain", epilog=EPILOG)
@click.argument("run_name", metavar="RUN")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", default=Path("explained"), show_default=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for the pictures, one for each photo.")  # fmt: skip
@click.option(
    "--head",
    type=click.Choice(["diagnosis", "lighting"]),
    default="diagnosis",
    show_default=True,
    help="What to explain: what it looks like, or how good the light is.",
)
@click.option("--class", "class_id", help="Explain this class instead of the first answer.")
@output_options
def command(
    run_name: str, photos: tuple[Path, ...], out: Path, head: str, class_id: str | None, terminal: Terminal
) -> None:
    """Draw where the model of a run looked (Grad-CAM).

    PHOTOS are image files. The distilled student answers where the run has one, else its teacher.
    """
    load_tensorflow()
    with needs_extra("train"):
        from distill.model_file import load_model
        from skin_training.grad_cam import grad_cam
        from skin_training.predict import predict
        from skin_training.run_folder import RunFolder
        from triage.assessment import DISCLAIMER
        from triage.photo import CROP_FRACTION, prepare_pixels, read_photo, to_tensor

    run = RunFolder(run_name)
    report, config = run.read_report(), run.read_config()
    section, file = ("distill", "student.keras") if "distill" in report else ("teacher", "teacher.keras")
    classes = list(report[section]["test"]["per_class"])
    if class_id is not None and (head != "diagnosis" or class_id not in classes):
        raise UnusableInput(f"--class is one of the diagnoses: {', '.join(classes)}. Received: {class_id}.")
    model = load_model(run.artifacts / file)
    crop = config.get(section, {}).get("crop_fraction", CROP_FRACTION)
    written: list[dict[str, Any]] = []
    unreadable = []
    for number, (path, name) in enumerate(zip(photos, picture_names(photos), strict=True)):
        try:
            pixels = prepare_pixels(read_photo(path), model.input_shape[1], crop)
        except UnreadablePhoto as error:
            unreadable.append(str(error))
            continue
        diagnosis, lighting = (answers[0] for answers in predict(model, pixels[None]))
        chosen = classes.index(class_id) if class_id else None
        image = to_tensor(pixels)[0]
        heat = grad_cam(model, image, head, chosen)
        first = sorted(zip(diagnosis.tolist(), classes, strict=True), reverse=True)[:SHOWN_ANSWERS]
        picture_path = out / f"{name}-{head}.png"
        about = "well lit" if head == "lighting" else class_id or first[0][1]
        answers = ", ".join(f"{label} {probability:.0%}" for probability, label in first)
        _draw(picture_path, image, heat, f"{run_name}, {path.name}: what speaks for '{about}'",
              f"{answers}; well lit {lighting:.0%}")  # fmt: skip
        written.append({"photo": str(path), "picture": str(picture_path), "explains": about, "answers": answers})
        terminal.progress("explain", number + 1, len(photos))
    text = "\n".join(f"{w['picture']}: {w['explains']} ({w['answers']})" for w in written)
    terminal.result(written, f"{text}\n{DISCLAIMER}" if written else None)
    if unreadable:
        summary = f"{len(unreadable)} of {len(photos)} photos could not be read: {'; '.join(unreadable)}"
        raise CheckFailed(summary) if written else UnusableInput(summary)


def picture_names(photos: Iterable[Path]) -> list[str]:
    """Name a picture for each photo after its file, numbered where another one has the name."""
    names: list[str] = []
    for photo in photos:
        name, number = photo.stem, 1
        while name in names:
            number += 1
            name = f"{photo.stem}-{number}"
        names.append(name)
    return names


def _draw(path: Path, image: Any, heat: Any, title: str, answers: str) -> None:
    from skin_training.grad_cam import overlay
    from skin_training.plotting import saved_plot

    with saved_plot(path, title, (8, 4.9), (1, 2)) as (left, right):
        for axes, shown, name in ((left, image, "as the model sees it"), (right, overlay(image, heat), "Grad-CAM")):
            axes.imshow(shown)
            axes.set_axis_off()
            axes.set_title(name, fontsize=9)
        left.figure.supxlabel(f"{answers}\nNot a diagnosis. Research and education only.", fontsize=8)
