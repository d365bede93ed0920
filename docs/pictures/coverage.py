"""Makes docs/pictures/coverage.svg: what `bcdata gaps --svg` draws of the demo's market, run for real.

Run it from the project's root: python docs/pictures/coverage.py
"""

# ruff: noqa: INP001 (a script beside its picture)

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bcdata.cli.demo import NOW
from bcdata.clock import parse_instant
from bcdata.simulate import GeneratedMarket, LoopbackExchange

PICTURE = Path(__file__).with_suffix(".svg").absolute()
SYMBOLS = "ARBUSDT,BTCUSDT,ETHUSDT,SRMUSDT,币安人生USDT"
COMMANDS = (
    f"materialize --dataset spot_klines_1m --symbols {SYMBOLS} --from 2023-01 --to 2023-07 --until merged",
    f"gaps --dataset spot_klines_1m --from 2023-03 --to 2023-06 --by day --svg {PICTURE}",
)


def main() -> None:
    """Runs the commands on an empty lake; the last of them writes the picture."""
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
        }
        for command in COMMANDS:
            words = [sys.executable, "-m", "bcdata", *command.split()]
            subprocess.run(words, cwd=folder, env=environment, check=True)  # noqa: S603


if __name__ == "__main__":
    main()
