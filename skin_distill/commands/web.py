"""`skin-distill web`: a page on which people without a command line try a run's models."""

import json
from pathlib import Path

import click

from skin_distill.requirements import load_tensorflow, needs_extra

EPILOG = """\b
Examples:
  skin-distill web my-student
  skin-distill web my-student other-student --data data/kaggle/meta.csv --port 8600

The page is for this computer alone. It stores and sends nothing.
"""


@click.command("web", epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--port", default=8501, type=click.IntRange(1, 65535), help="Port of the page.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A meta.csv whose photos the page may show, that of the runs.",
)
def command(runs: tuple[str, ...], port: int, data: Path | None) -> None:
    """Open a page to try a run's models on a photo and to read what the run measured.

    RUN is a student's run with a converted file. Light first, then teacher, student and file side by side, Grad-CAM,
    and sliders that change the light; confusion matrix, slices with intervals, calibration, gates and latency.
    """
    from triage.errors import UnusableInput

    with needs_extra("web"):
        from streamlit.web import bootstrap
    with needs_extra("train"):
        from skin_training.run_folder import RunFolder
        from web_app.stakeholder.models import FILES
    for name in runs:
        run = RunFolder(name)
        run.read_report()
        if not any(path for pattern in FILES for path in run.artifacts.glob(pattern)):
            raise UnusableInput(
                f"Run '{name}' has no .tflite file. Looked in: {run.artifacts}. Make one with `skin-distill convert`."
            )
        if any(run.artifacts.glob("*.keras")):
            load_tensorflow()  # here, because it mutes the log of the first import
    page = Path(__file__).parents[2] / "web_app" / "stakeholder" / "main.py"
    options = {
        "server_address": "127.0.0.1",
        "server_port": port,
        "server_headless": True,
        "server_fileWatcherType": "none",
        "server_maxUploadSize": 400,
        "browser_gatherUsageStats": False,
        "client_toolbarMode": "minimal",
        "client_showErrorDetails": "none",
    }
    click.echo(f"The page: http://127.0.0.1:{port}  (Ctrl+C ends it)")
    bootstrap.load_config_options(options)
    arguments = json.dumps({"runs": runs, "root": "", "data": str(data) if data else None})
    bootstrap.run(str(page), False, [arguments], options)
