"""`skin-distill doctor`: what is installed, what is missing, how to install it."""

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
    """Check what is installed on this machine.

    Shows versions, runtimes, GPU and camera, and how to install what is missing.
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
        [vars(f) for f in findings], None if missing else "Everything that classify and benchmark need is installed."
    )
    if missing:
        raise CheckFailed(f"Packages that every command needs are missing: {', '.join(missing)}.")
