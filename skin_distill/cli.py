"""The `skin-distill` command line. Command modules import nothing heavy before they run."""

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import NoReturn, cast

import click

from skin_distill.stopping import StoppableGroup, exit_code, handle_signals, output_fails, stop_message
from triage.errors import SkinDistillError
from triage.plain_text import printable

COMMANDS = (
    "demo", "doctor", "download", "prepare", "teacher", "distill", "convert", "verify", "evaluate", "explain",
    "curate", "benchmark", "report", "reproduce", "classify", "app", "web", "package",
)  # fmt: skip
"""Modules of `skin_distill.commands`, in the order in which a person meets them."""
EPILOG = """\b
To try the whole pipeline in minutes:
  skin-distill demo

\b
Shell completion (bash; zsh and fish likewise):
  eval "$(_SKIN_DISTILL_COMPLETE=bash_source skin-distill)"

\b
Exit codes: 0 done, 1 gate or check failed, 2 wrong use or unusable input.

A research and education tool, not a medical device.
"""


class Commands(Mapping[str, click.Command]):
    """Commands by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in COMMANDS:
            raise KeyError(name)
        return cast("click.Command", import_module(f"skin_distill.commands.{name}").command)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


@click.group(
    cls=StoppableGroup,
    commands=Commands(),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
)
@click.version_option(package_name="skin-distill")
def cli() -> None:
    """Train, distil, verify and ship a small skin-photo triage model that runs on a phone."""


def main() -> None:
    """Run the command line; turn errors that a person can act on into one message and an exit code."""
    _use_utf_8()
    # TensorFlow reads these when it is first imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    handle_signals()
    atexit.register(gc.freeze)  # else Python searches all objects for cycles before it ends: 15 ms
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name may not be in the terminal's encoding
    try:
        cli.main(standalone_mode=False)
        sys.stdout.flush()
    except SkinDistillError as error:
        _end(error, error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort) as error:
        click.echo(f"\nskin-distill: {stop_message(error)}", err=True)
        sys.exit(exit_code(error))
    except OSError as error:
        if isinstance(error, BrokenPipeError) and output_fails():
            return
        place = error.filename or ("standard output" if output_fails() else "")
        _end(f"{error.strerror or error}" + (f": {os.fsdecode(place)}" if place else ""), 2)


def _use_utf_8() -> None:
    """Start again in UTF-8 mode where Python decodes file names otherwise: tables and JSON are UTF-8 everywhere."""
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def _end(problem: object, code: int) -> NoReturn:
    with suppress(OSError):  # standard error may be a full disk, too
        click.echo(f"skin-distill: {printable(problem)}", err=True)
    sys.exit(code)
