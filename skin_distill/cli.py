"""The `skin-distill` command. Command modules import nothing heavy before they run."""

import os
import sys

import click

from skin_distill.commands import (
    app,
    benchmark,
    classify,
    convert,
    demo,
    distill,
    doctor,
    download,
    evaluate,
    explain,
    package,
    prepare,
    report,
    reproduce,
    teacher,
    verify,
)
from skin_distill.stopping import StoppableGroup, exit_code, heed_signals, last_words
from triage.errors import SkinDistillError

EPILOG = """\b
A first success in minutes:
  skin-distill demo

\b
Shell completion (bash; zsh and fish likewise):
  eval "$(_SKIN_DISTILL_COMPLETE=bash_source skin-distill)"

\b
Exit codes: 0 done, 1 a gate or check failed, 2 wrong use or unusable input.

A research and education tool, not a medical device.
"""


@click.group(
    cls=StoppableGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="skin-distill")
def cli() -> None:
    """Train, distil, prove and ship a small skin-photo triage model that runs on a phone."""


# In the order in which a person meets them.
for _command in (
    demo,
    doctor,
    download,
    prepare,
    teacher,
    distill,
    convert,
    verify,
    evaluate,
    explain,
    benchmark,
    report,
    reproduce,
    classify,
    app,
    package,
):
    cli.add_command(_command.command)
cli.list_commands = lambda context: list(cli.commands)  # type: ignore[method-assign]


def main() -> None:
    """Run the command line; errors that a person can act on become one message and an exit code."""
    # TensorFlow reads these when it is first imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    heed_signals()
    try:
        cli.main(standalone_mode=False)
    except SkinDistillError as error:
        click.echo(f"skin-distill: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        click.echo(f"\nskin-distill: {last_words(error)}", err=True)
        sys.exit(exit_code(error))
