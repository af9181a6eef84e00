"""`skin-distill package`: an Android project of the app with a model."""

import re
from importlib.metadata import version
from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import UnusableInput

RUNTIME = "litert-1.4"
"""The phone's runtime in `convert.verifying.runtimes`."""

EPILOG = """\b
Examples:
  skin-distill package android --model student.tflite --out phone
  skin-distill package android --model student.tflite --out phone --title "Skin check" --package org.example.skin

Then, on a machine that may download Android's tools: cd phone && buildozer android debug
"""


@click.command("package", epilog=EPILOG)
@click.argument("system", type=click.Choice(["android"]))
@click.option("--model", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .tflite of `convert`.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the project.")
@click.option("--title", default="Skin check", help="Name below the icon.")
@click.option("--package", default="org.skindistill.triage", help="Android package name.")
@click.option("--demo", is_flag=True, help="Allow a model trained on synthetic images only.")
@output_options
def command(system: str, model: Path, out: Path, title: str, package: str, demo: bool, terminal: Terminal) -> None:
    """Write a buildozer project of the app with a model.

    SYSTEM is android.
    """
    from mobile_app.android.packaging.project import write_project
    from mobile_app.android.packaging.spec import LITERT, Identity
    from triage import Triage
    from triage.atomic import writing
    from triage.model_file import read_model

    file = read_model(model)
    if file.card["synthetic"] and not demo:
        raise UnusableInput(
            f"The model was trained on synthetic images only and cannot judge real skin. Received: {model}. "
            "Choose a model trained on photographs, or add --demo."
        )
    load_tensorflow()
    with needs_extra("train"):
        from convert.verifying.runtimes import require_runtime
    require_runtime(file.flatbuffer, RUNTIME)
    Triage.load(model)  # fails early for models that would not open on a phone
    numbers = ".".join(re.findall(r"\d+", version("skin-distill"))[:3])
    with writing(out):
        requirements = write_project(model, out, Identity(title, package, numbers))
    terminal.result(
        {"project": str(out), "requirements": list(requirements), "runtime": LITERT},
        f"Written: {out}\nRequirements: {', '.join(requirements)}\nRuntime: {LITERT}\n"
        f"Next: cd {out} && buildozer android debug",
    )
