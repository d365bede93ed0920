"""Makes docs/pictures/candles.png: what `bcdata.plot` draws of the demo's market, with an outage in it.

Run it from the project's root: python docs/pictures/candles.py
"""

# ruff: noqa: INP001 (a script beside its picture)

import os
import tempfile
from pathlib import Path

from PIL import Image

from bcdata.cli.demo import NOW
from bcdata.clock import parse_instant
from bcdata.simulate import GeneratedMarket, LoopbackExchange

PICTURE = Path(__file__).with_suffix(".png").absolute()


def main() -> None:
    """Fetches a week of bars into an empty lake, and draws them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LoopbackExchange(GeneratedMarket.demo(), now=parse_instant(NOW)) as exchange,
    ):
        os.environ |= {
            **exchange.environment(),
            "BCDATA_NOW": NOW,
            "BCDATA_ROOT": f"{folder}/lake",
            "BCDATA_STATE": f"{folder}/state",
            "DAGSTER_HOME": f"{folder}/home",
        }
        import bcdata

        bcdata.fetch("spot_klines_1m", "BTCUSDT", "2023-03-20", "2023-03-27")
        chart = bcdata.plot("spot_klines_1m", "BTCUSDT", "2023-03-20", "2023-03-27", width=720, height=360)
        chart.save(PICTURE, ppi=100)
    with Image.open(PICTURE) as drawn:  # a palette is enough, and a tenth of the bytes
        drawn.convert("RGB").quantize(64).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
