"""`bcdata`, and `python -m bcdata`."""

import sys


def main() -> None:
    """Runs the command. Ctrl-C ends it in one line while it is being loaded, too, which takes longer than all else."""
    try:
        from bcdata.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("bcdata: interrupted\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
