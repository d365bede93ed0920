"""The demo: a generated exchange on loopback, the main job on it, and a first look at what came out."""

import os
import shlex
import shutil
import subprocess  # nosec B404 # its own commands alone
import sys
from pathlib import Path

from bcdata import clock
from bcdata.catalog.load import PACKAGED, find_catalog
from bcdata.errors import BcdataError
from bcdata.settings import Settings
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata.terminal.console import out

NOW = "2023-07-04T00:00:00Z"
_SPOT = "materialize --dataset spot_klines_1m --symbols BTCUSDT,ETHUSDT --from 2023-01 --to 2023-03"
_COIN_M = "materialize --dataset cm_klines_1m --symbols BTCUSD_PERP --from 2023-01 --to 2023-01"
_SQL = (
    "SELECT symbol, count(*) AS bars, min(open_time) AS first, max(open_time) AS last,"
    " round(sum(quote_volume)) AS quote_volume FROM spot_klines_1m GROUP BY symbol ORDER BY symbol"
)
STEPS = (
    ("what would be done", [*_SPOT.split(), "--dry-run"]),
    ("the main job", _SPOT.split()),
    ("the same again: nothing is fetched or computed", _SPOT.split()),
    ("COIN-M bars with their funding", _COIN_M.split()),
    ("what is there", ["status"]),
    ("why bars are missing", ["gaps", "--dataset", "spot_klines_1m"]),
    ("a question in SQL", ["query", _SQL]),
)


def run(root: Path | None) -> None:
    """Runs every step as a command of its own, as a user would.

    Raises:
        BcdataError: a step failed.
    """
    lake = root or Settings().root / "demo"
    with LoopbackExchange(GeneratedMarket.demo(), now=clock.parse_instant(NOW)) as exchange:
        environment = {
            **os.environ,
            **exchange.environment(),
            "BCDATA_ROOT": str(lake),
            "BCDATA_CATALOG": str(PACKAGED),  # one of the user's need not have the demo's datasets
            "BCDATA_NOW": NOW,
            "DAGSTER_HOME": str((lake / ".dagster").absolute()),
        }
        for title, words in STEPS:
            out.rule(title, align="left")
            out.print("$ bcdata " + " ".join(_quoted(word) for word in words), highlight=False, soft_wrap=True)
            sys.stdout.flush()
            done = subprocess.run([sys.executable, "-m", "bcdata", *words], env=environment, check=False)  # noqa: S603 # nosec B603 # its own commands alone
            if done.returncode:
                raise BcdataError(f"the demo's step {title!r} ended with status {done.returncode}")
    out.rule("what to do next", align="left")
    out.print("On the demo's own lake:", highlight=False)
    for line in next_commands(lake):
        out.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    line = f"For bars of the real archive: {program()} init prices"  # a folder: a project has a catalog already
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def next_commands(lake: Path) -> tuple[str, ...]:
    """Commands to go on with, as they can be typed into a shell."""
    root = f"BCDATA_ROOT={shlex.quote(str(lake.absolute()))}"
    if find_catalog().resolve() != PACKAGED.resolve():
        root += f" BCDATA_CATALOG={shlex.quote(str(PACKAGED))}"
    home = f"DAGSTER_HOME={shlex.quote(str((lake / '.dagster').absolute()))}"
    return (
        f"{root} {program()} sql",
        f"{root} {program()} gaps --html gaps.html",
        f"{root} {home} {program()} jobs",
        f"{root} {home} {program()} ui",
    )


def program() -> str:
    """The word, or words, that a shell finds this very program by: its environment may not be activated."""
    here, found = Path(sys.executable).with_name("bcdata"), shutil.which("bcdata")
    if not here.is_file():
        return f"{shlex.quote(sys.executable)} -m bcdata"
    if found and Path(found).samefile(here):
        return "bcdata"
    return shlex.quote(str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here))


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
