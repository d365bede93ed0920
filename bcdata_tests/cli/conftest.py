"""One small known lake for all tests that look at what commands print."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bcdata.dagster.launch import open_instance
from bcdata.simulate import FolderMarket, LoopbackExchange
from bcdata_tests.command import materialize
from bcdata_tests.mirror import Mirror, made_day
from bcdata_tests.run import pointed_at, utc

D = "spot_klines_1m"
NOW = "2023-01-03T00:00:00Z"
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: 2023-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1, rsi_14]}}
    resample: [1h]
"""


@dataclass(frozen=True)
class Known:
    """A lake of two symbols and two days of January 2023, of which ETHUSDT lacks an hour, and a run that made it."""

    folder: Path
    variables: dict[str, str]
    run: str
    exchange: LoopbackExchange


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    from typer.testing import CliRunner

    from bcdata.cli import app

    folder = tmp_path_factory.mktemp("known")
    mirror = Mirror(folder / "archive")
    for symbol in ("BTCUSDT", "ETHUSDT"):
        for day in ("2023-01-01", "2023-01-02"):
            rows = made_day(day)
            mirror.put_day(symbol, day, [*rows[:600], *rows[660:]] if (symbol, day[-1]) == ("ETHUSDT", "2") else rows)
    (folder / "catalog.yaml").write_text(CATALOG)
    own = {
        "BCDATA_ROOT": str(folder / "lake"),
        "BCDATA_CATALOG": str(folder / "catalog.yaml"),
        "BCDATA_NOW": NOW,
        "DAGSTER_HOME": str(folder / "dagster"),
    }
    exchange = LoopbackExchange(FolderMarket(mirror.root, rest_source=mirror.root), now=utc("2023-01-03"))
    with exchange, pointed_at(exchange.environment(), folder / "state") as variables:
        environment = {**variables, **own}
        words = materialize(D, "BTCUSDT,ETHUSDT", "2023-01", "2023-01")
        done = CliRunner().invoke(app, words, env=environment)
        assert done.exit_code == 0, done.output
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", own["DAGSTER_HOME"])
            with open_instance(folder / "lake") as instance:
                [run] = instance.get_run_ids()
        yield Known(folder, environment, run, exchange)
