"""The outputs of a release file, and whether they match its card."""

import numpy as np

from triage.errors import UnusableInput
from triage.interpreter import Interpreter
from triage.model_file import ModelFile
from triage.spot import SPOT

OUTPUTS = ("diagnosis", "lighting")
FAMILIARITY = "familiarity"
"""Output that files of earlier versions lack."""


def check_fit(model: ModelFile, interpreter: Interpreter) -> None:
    """Raise UnusableInput if a model's outputs or input do not match its card."""
    missing = [name for name in OUTPUTS if name not in interpreter.output_names]
    if missing:
        raise UnusableInput(
            f"The model must have outputs named {' and '.join(OUTPUTS)}. Received: "
            f"{', '.join(interpreter.output_names) or 'none'} in {model.path}. "
            "Give a file made by `skin-distill convert`."
        )
    count = int(np.prod(interpreter.output_shapes["diagnosis"]))
    if count != len(model.card["classes"]):
        raise UnusableInput(
            f"The model and its card disagree on the classes. Received: {count} outputs and "
            f"{len(model.card['classes'])} classes in {model.path}. Convert it again with the taxonomy of its data set."
        )
    if int(np.prod(interpreter.output_shapes["lighting"])) != 1:
        raise UnusableInput(
            f"The lighting output must be one probability. Received: shape {interpreter.output_shapes['lighting']} "
            f"in {model.path}."
        )
    if SPOT in interpreter.output_names and int(np.prod(interpreter.output_shapes[SPOT])) != 5:
        raise UnusableInput(
            f"The output {SPOT} must be five numbers. Received: shape {interpreter.output_shapes[SPOT]} "
            f"in {model.path}."
        )
    if interpreter.input_size != model.card["input"]["size"]:
        raise UnusableInput(
            f"The model and its card disagree on the input. Received: {interpreter.input_size} pixels and "
            f"{model.card['input']['size']} on the card of {model.path}. Convert it again."
        )
