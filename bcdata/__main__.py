"""`python -m bcdata`."""

from bcdata.cli import main

main()
