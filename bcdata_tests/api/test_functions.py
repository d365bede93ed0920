"""What `import bcdata` offers beside `load`: lists, facts, SQL, a chart; and the examples of all functions run."""

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bcdata
from bcdata.clock import parse_instant
from bcdata.errors import UsageError
from bcdata.pictures.palette import STATUSES
from bcdata.simulate import Fault, GeneratedMarket, LoopbackExchange
from bcdata_tests.api.research import CATALOG, NOW, D, Research
from bcdata_tests.run import pointed_at

FUNCTIONS = [name for name in bcdata.__all__ if inspect.isfunction(getattr(bcdata, name))]
_LINES = re.compile(r"^\s+(?:>>>|\.\.\.) (.*)$", re.MULTILINE)


def example(name: str) -> str:
    return "\n".join(_LINES.findall(getattr(bcdata, name).__doc__.partition("Examples:")[2]))


@pytest.fixture
def in_force(research: Research, monkeypatch: pytest.MonkeyPatch) -> Research:
    """The lake and the catalog that functions read without being told."""
    monkeypatch.setenv("BCDATA_ROOT", str(research.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(research.catalog_file))
    monkeypatch.setenv("BCDATA_NOW", f"{NOW}T00:00:00Z")
    return research


@pytest.mark.usefixtures("in_force")
@pytest.mark.filterwarnings("ignore::bcdata.errors.MissingDataWarning")
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "fetch"])
def test_the_example_of_every_function_runs(name: str) -> None:
    text = example(name)
    assert f"bcdata.{name}(" in text
    exec(compile(text, name, "exec"), {"bcdata": bcdata, "pl": pl, "datetime": datetime, "UTC": UTC})  # noqa: S102


@pytest.fixture
def exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackExchange]:
    """An exchange that serves, and an empty lake that is in force."""
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(CATALOG)
    monkeypatch.setenv("BCDATA_CATALOG", str(catalog))
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with (
        LoopbackExchange(GeneratedMarket.demo(), now=parse_instant(f"{NOW}T00:00:00Z")) as serving,
        pointed_at(serving.environment(), tmp_path / "state", now=f"{NOW}T00:00:00Z"),
    ):
        yield serving


@pytest.mark.usefixtures("exchange")
def test_fetch_materializes_and_loads() -> None:
    found = bcdata.fetch(D, "btc/usdt", "2023-01-03", "2023-01-05", columns=["close"])
    assert found["symbol"].unique().to_list() == ["BTCUSDT"]
    assert found["open_time"].min() == datetime(2023, 1, 3, tzinfo=UTC)
    assert found.height == 2 * 1440
    assert found.equals(bcdata.load(D, "BTCUSDT", "2023-01-03", "2023-01-05", columns=["close"]))
    with pytest.raises(UsageError, match="nothing of BTCUSDT in features"):
        bcdata.load(D, "BTCUSDT", zone="features")  # bars alone were asked for
    namespace = {"bcdata": bcdata}
    exec(example("fetch"), namespace)  # noqa: S102


@pytest.mark.slow
@pytest.mark.usefixtures("exchange")
def test_fetch_of_coarser_bars_materializes_what_they_are_made_of() -> None:
    found = bcdata.fetch("spot_klines_1h", "BTCUSDT", "2023-01-03", "2023-01-05", zone="resampled", refill=False)
    assert found.equals(bcdata.load(D, "BTCUSDT", "2023-01-03", "2023-01-05", interval="1h"))
    assert found.height == 48


JOINED = """
datasets:
  um_klines_1h: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}
  um_metrics: {grain: day, start: 2023-01-01, symbols: [BTCUSDT], sources: [binance_archive]}
"""


@pytest.mark.slow
def test_fetch_materializes_what_is_joined_too(exchange: LoopbackExchange, tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(JOINED)
    asked = partial(bcdata.fetch, "um_klines_1h", "btcusdt", join="um_metrics", columns=["close", "metrics_time"])
    found = asked("2023-01-03", "2023-01-05")
    assert found.height == 48
    assert found["metrics_time"].null_count() == 0, "of each hour the last five minutes are known when it is"
    days = {path.parent.name for path in (tmp_path / "lake/merged/um_metrics").rglob("*.parquet")}
    assert days == {"date=2023-01-03", "date=2023-01-04"}, "the range of the bars, not of their partitions"
    exchange.add(Fault("BTCUSDT-metrics-2023-01-06.zip", "status", status=500))
    with pytest.warns(bcdata.MissingDataWarning) as told:
        more = asked("2023-01-03", "2023-01-07")
    first, second = (str(one.message) for one in told)
    assert re.search("um_metrics BTCUSDT 2023-01-0[56] .*500", first), "what could not be had"
    assert second.startswith("um_metrics: never published is BTCUSDT 2023-01-0"), "and so is not there"
    assert more.height == 96


@pytest.mark.slow
def test_fetch_says_what_could_not_be_had(exchange: LoopbackExchange) -> None:
    exchange.add(Fault("/BTCUSDT-1m-2023-01.zip", "status", status=500))
    with pytest.warns(bcdata.MissingDataWarning) as told:
        found = bcdata.fetch(D, "BTCUSDT", "2023-01-31", "2023-02-02", refill=False)
    assert found["open_time"].min() == datetime(2023, 2, 1, tzinfo=UTC)
    texts = [str(one.message) for one in told]
    assert "BTCUSDT 2023-01" in texts[0]
    assert "500" in texts[0]
    assert all(one.filename == __file__ for one in told), "warnings name the line that asked"
    with pytest.raises(bcdata.MissingDataError, match="500"):
        bcdata.fetch(D, "BTCUSDT", "2023-01-31", "2023-02-02", refill=False, missing="raise")
    exchange.add(Fault("/ETHUSDT-1m-2023-01.zip", "status", status=500))
    with pytest.raises(bcdata.MissingDataError, match="ETHUSDT 2023-01"):
        bcdata.fetch(D, "ETHUSDT", "2023-01", "2023-02", refill=False, missing="ignore")  # there is nothing to give


def test_fetch_refuses_what_cannot_be_meant(exchange: LoopbackExchange) -> None:
    with pytest.raises(UsageError, match="lists no NOPEUSDT"):
        bcdata.fetch(D, "NOPEUSDT", "2023-01", "2023-02")
    with pytest.raises(UsageError, match="leave `root` out"):
        bcdata.fetch(D, "BTCUSDT", root="elsewhere")
    with pytest.raises(UsageError, match="no column clsoe"):
        bcdata.fetch(D, "BTCUSDT", "2023-01", "2023-02", columns=["clsoe"])
    assert not [one for one in exchange.requests if one.path.endswith(".zip")], "nothing was fetched"


def test_lists(research: Research) -> None:
    assert bcdata.datasets(catalog=research.catalog)["dataset"].to_list() == [D]
    assert bcdata.symbols(D, **research.where).rows() == [
        ("BTCUSDT", "2023-01", "2023-03", 3), ("ETHUSDT", "2023-01", "2023-03", 2)
    ]  # fmt: skip
    found = dict(bcdata.intervals(D, catalog=research.catalog).rows())
    assert (found["1m"], found["1h"], found["30m"], found["7m"]) == (D, "spot_klines_1h", None, "spot_klines_7m")
    for interval in found:
        bcdata.load(D, "BTCUSDT", "2023-01-02", "2023-01-03", interval=interval, **research.where)
    assert bcdata.universe("spot", **research.where).is_empty()
    with pytest.raises(UsageError, match="no market 'um'; it has spot"):
        bcdata.universe("um", **research.where)


def test_facts_are_shown_as_a_table(research: Research) -> None:
    lake = bcdata.info(**research.where)
    assert lake["root"] == str(research.root)
    assert lake["datasets"] == [D]
    found = bcdata.info(D, **research.where)
    assert found["zone merged"]["partitions"] == 5
    assert "zone merged" in str(found)
    assert found._repr_html_().startswith("<table>")


def test_query_is_the_command_in_python(research: Research) -> None:
    found = bcdata.query(
        "SELECT symbol, count(*) FROM spot_klines_1m GROUP BY symbol ORDER BY symbol", **research.where
    )
    assert found.rows() == [(symbol, bars.height) for symbol, bars in research.bars.items()]
    with pytest.raises(UsageError, match="only one SELECT"):
        bcdata.query("DROP TABLE x", **research.where)


def test_a_chart_has_the_bars_and_shades_where_some_are_missing(research: Research, tmp_path: Path) -> None:
    chart = bcdata.plot(D, "BTCUSDT", "2023-01-10", "2023-01-13", interval="1h", **research.where)
    bars = bcdata.load(D, "BTCUSDT", "2023-01-10", "2023-01-13", interval="1h", **research.where)
    shown = chart.to_dict()["datasets"].values()
    closes = [[row["close"] for row in rows] for rows in shown if "close" in rows[0]]
    assert bars["close"].to_list() in closes
    lacking = bcdata.gaps(D, "BTCUSDT", "2023-01-10", "2023-01-13", **research.where)
    assert [len(rows) for rows in shown if "evidence" in rows[0]] == [lacking.height]
    drawn = json.dumps(chart.to_dict())
    assert all(STATUSES[status].colour in drawn for status in lacking["status"].unique()), "as in the heat map"
    chart.save(tmp_path / "btc.png")
    assert (tmp_path / "btc.png").read_bytes().startswith(b"\x89PNG")


def test_a_chart_takes_the_shortest_interval_that_can_be_seen(research: Research) -> None:
    for end, candles in (("2023-01-01T12:00", 700), ("2023-01-20", 400), ("2023-02", 700)):
        chart = bcdata.plot(D, "BTCUSDT", "2023-01-01", end, **research.where)
        rows = [len(some) for some in chart.to_dict()["datasets"].values() if "close" in some[0]]
        assert candles / 3 < rows[0] <= 750, end
    with pytest.raises(UsageError, match="there are no bars"):
        bcdata.plot(D, "BTCUSDT", "2023-05", "2023-06", missing="ignore", **research.where)


def test_altair_that_is_not_installed_is_told_with_its_extra(
    research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(UsageError, match=r'pip install "bcdata\[plots\]"'):
        bcdata.plot(D, "BTCUSDT", **research.where)


@pytest.mark.parametrize("given", [{"interval": 5}, {"width": "wide"}, {"height": None}, {"width": -1}])
def test_a_chart_of_a_wrong_kind_is_told(research: Research, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(given))}` takes"):
        bcdata.plot(D, "BTCUSDT", "2023-01-10", "2023-01-13", **given, **research.where)


@pytest.mark.parametrize("root", [5, False, ""])
def test_a_root_that_is_no_path_is_told_and_not_taken_for_the_one_in_force(research: Research, root: Any) -> None:
    for ask in (bcdata.info, partial(bcdata.info, D), partial(bcdata.load, D), partial(bcdata.query, "SELECT 1")):
        with pytest.raises(UsageError, match="`root` takes a path"):
            ask(root=root, catalog=research.catalog)
