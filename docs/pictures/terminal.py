"""Makes docs/pictures/terminal.svg: what commands print on the demo's market, run for real in an empty folder.

Run it from the project's root: python docs/pictures/terminal.py
"""

# ruff: noqa: INP001 (a script beside its picture)

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bcdata.cli.demo import NOW
from bcdata.clock import parse_instant
from bcdata.simulate import GeneratedMarket, LoopbackExchange

PICTURE = Path(__file__).with_suffix(".svg")
COLUMNS = 118
COMMANDS = (
    "materialize --dataset spot_klines_1m --symbols BTCUSDT,ARBUSDT --from 2023-02 --to 2023-03",
    "status",
    "gaps --dataset spot_klines_1m",
)


def record() -> Console:
    """The commands and what they print, on a console that remembers."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackExchange(GeneratedMarket.demo(), now=parse_instant(NOW)) as exchange,
    ):
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BCDATA_")},
            **exchange.environment(),
            "BCDATA_NOW": NOW,
            "BCDATA_STATE": f"{folder}/state",
            "DAGSTER_HOME": f"{folder}/home",
            "COLUMNS": str(COLUMNS),
            "FORCE_COLOR": "1",
        }
        for command in COMMANDS:
            console.print(f"[bold green]$[/] [bold]bcdata {command}[/]", highlight=False)
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "bcdata", *command.split()],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            console.print(Text.from_ansi(done.stdout.rstrip()), soft_wrap=True)
    return console


def main() -> None:
    """Writes the picture, without the web fonts that a page would have to fetch for it."""
    svg = record().export_svg(title="bcdata", unique_id="terminal")
    plain = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace("Fira Code, monospace", "monospace")
    PICTURE.write_text(plain, encoding="utf-8")


if __name__ == "__main__":
    main()
