"""`python -m skin_distill` runs the `skin-distill` command."""

from skin_distill.cli import main

main()
