"""`skin-distill doctor`: what is here, what is missing, how to get it."""

import click

from skin_distill.terminal import Terminal, output_options
from triage.errors import CheckFailed

EPILOG = """\b
Example:
  skin-distill doctor --json
"""


@click.command("doctor", epilog=EPILOG)
@output_options
def command(terminal: Terminal) -> None:
    """Say what is missing on this machine.

    Shows versions, runtimes, GPU and camera, and how to install what is not there.
    """
    from skin_distill.machine import examine

    findings = examine()
    terminal.table(
        "skin-distill doctor",
        ("what", "state", "found", "what to do"),
        [(f.what, f.state, f.found, f.remedy) for f in findings],
    )
    missing = [f"{f.what} ({f.remedy})" for f in findings if f.state == "missing" and f.needed]
    terminal.result(
        [vars(f) for f in findings], None if missing else "Everything needed to classify and benchmark is here."
    )
    if missing:
        raise CheckFailed(f"Something that every command needs is missing: {', '.join(missing)}.")
