"""The option --strategy, for every command that trains on several GPUs or machines."""

from typing import TYPE_CHECKING

import click

from skin_distill.requirements import load_tensorflow, needs_extra
from skin_distill.terminal import Terminal
from triage.native_output import native_stderr_muted

if TYPE_CHECKING:
    import tensorflow as tf

strategy_option = click.option(
    "--strategy",
    type=click.Choice(["none", "mirrored", "multiworker"]),
    default="none",
    help="mirrored: all GPUs of this machine; multiworker: the machines of TF_CONFIG, with a shared folder.",
)


def open_strategy(name: str, command: str, terminal: Terminal) -> "tf.distribute.Strategy":
    """Import TensorFlow and return the strategy of the option; a multiworker one waits for the other workers."""
    if name == "multiworker":
        terminal.line(f"{command}: waiting for the other workers")
    with needs_extra("train"), native_stderr_muted():
        from skin_training.strategy import make_strategy

        # First: TensorFlow cannot join workers after any other operation.
        strategy = make_strategy(name)
    load_tensorflow()
    return strategy
