"""`skin-distill package`: a model as an Android project of the app, or as an offline page."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal, output_options
from triage.errors import UnusableInput

if TYPE_CHECKING:
    from triage.model_file import ModelFile

RUNTIME = "litert-1.4"
"""The phone's runtime in `convert.verifying.runtimes`."""

EPILOG = """\b
Examples:
  skin-distill package android --model student.tflite --out phone
  skin-distill package android --model student.tflite --out phone --title "Skin check" --package org.example.skin
  skin-distill package web --model student.tflite --out page

Then, to look at the page: python -m http.server --directory page

Then, for Android, on a machine that may download Android's tools: cd phone && buildozer android debug
"""


@click.command("package", epilog=EPILOG)
@click.argument("system", type=click.Choice(["android", "web"]))
@click.option("--model", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .tflite of `convert`.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write.")
@click.option("--title", default="Skin check", help="Android: name below the icon.")
@click.option("--package", default="org.skindistill.triage", help="Android: package name.")
@click.option(
    "--litert-js",
    multiple=True,
    metavar="FILE|FOLDER",
    type=click.Path(path_type=Path, exists=True),
    help="Web: tarballs of LiteRT.js from `npm pack`. Default: download them.",
)
@click.option("--demo", is_flag=True, help="Allow a model trained on synthetic images only.")
@output_options
def command(
    system: str,
    model: Path,
    out: Path,
    title: str,
    package: str,
    litert_js: tuple[Path, ...],
    demo: bool,
    terminal: Terminal,
) -> None:
    """Write a buildozer project of the app with a model, or an offline page for any web server.

    SYSTEM is android or web. The page runs the same file in the browser with LiteRT.js, needs no network after its
    first visit, and sends nothing.
    """
    from triage.model_file import read_model

    file = read_model(model)
    if file.card["synthetic"] and not demo:
        raise UnusableInput(
            f"The model was trained on synthetic images only and cannot judge real skin. Received: {model}. "
            "Choose a model trained on photographs, or add --demo."
        )
    if system == "web":
        _write_page(model, out, litert_js, terminal)
    else:
        _write_project(file, out, title, package, terminal)


def _write_page(model: Path, out: Path, litert_js: tuple[Path, ...], terminal: Terminal) -> None:
    from triage.atomic import writing

    with needs_extra("train"):  # for the phantoms of the self-test
        from web_app.offline.package import write_page
    with writing(out):
        sizes = write_page(model, out, litert_js)
    terminal.result(
        {"page": str(out), "bytes": sum(sizes.values()), "files": sizes},
        f"Written: {out}, {len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB\n"
        f"Next: python -m http.server --directory {out}, or copy the folder to an HTTPS server",
    )


def _write_project(file: "ModelFile", out: Path, title: str, package: str, terminal: Terminal) -> None:
    from mobile_app.android.packaging.project import write_project
    from mobile_app.android.packaging.spec import LITERT, Identity
    from triage import Triage
    from triage.atomic import writing

    load_tensorflow()
    with needs_extra("train"):
        from convert.verifying.runtimes import require_runtime
    require_runtime(file.flatbuffer, RUNTIME)
    Triage.load(file.path)  # fails early for models that would not open on a phone
    numbers = ".".join(re.findall(r"\d+", version("skin-distill"))[:3])
    with writing(out):
        requirements = write_project(file.path, out, Identity(title, package, numbers))
    terminal.result(
        {"project": str(out), "requirements": list(requirements), "runtime": LITERT},
        f"Written: {out}\nRequirements: {', '.join(requirements)}\nRuntime: {LITERT}\n"
        f"Next: cd {out} && buildozer android debug",
    )
