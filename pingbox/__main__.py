"""`python -m pingbox` is `pingbox`."""

from pingbox.cli import main

main(prog_name="pingbox")
