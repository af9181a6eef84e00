"""`python -m skin_distill` is the `skin-distill` command."""

from skin_distill.cli import main

main()
