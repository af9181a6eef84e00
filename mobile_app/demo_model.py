"""The demo model that travels with the app: trained on skin phantoms alone."""

from pathlib import Path

from triage.errors import UnusableInput

DEMO_MODEL = Path(__file__).parent / "assets" / "demo.tflite"


def demo_model(path: Path = DEMO_MODEL) -> Path:
    """Path of the demo model.

    Raises:
        UnusableInput: this copy of the app was made without it.
    """
    if not path.is_file():
        raise UnusableInput(
            f"The demo model is not there. Received: no file {path}. Give another with --model, or make this one: run "
            f"`skin-distill demo` and copy the student's int8 file there."
        )
    return path
