"""By day and by month the ledger says the same of every bar, over the whole life of symbols that begin and end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bcdata.catalog import load_catalog
from bcdata.pipeline.zones import Zone
from bcdata.simulate import GeneratedMarket, GeneratedSymbol, LoopbackExchange
from bcdata_tests.run import ARCHIVE, REST, Lake, pointed_at, utc

START, NOW = utc("2023-01-24"), utc("2023-02-07")
"""January's monthly files came a day ago; the files of the last two days are not due, and the last one is not there."""
LIVES = {
    "BTCUSDT": (utc("2023-01-01"), None),
    "NEWUSDT": (utc("2023-01-25T09:30"), None),
    "MIDUSDT": (utc("2023-01-01"), utc("2023-01-26T03:00")),
    "ENDUSDT": (utc("2023-01-01"), utc("2023-02-01")),
}
"""Still trading, listed in the middle of a month, delisted in the middle of one and at its end."""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def market() -> GeneratedMarket:
    return GeneratedMarket(
        [
            GeneratedSymbol(venue, symbol, symbol[:3], "USDT", listed, 10.0, 2, 80.0, 3, delisted=delisted)
            for venue in ("spot", "um")
            for symbol, (listed, delisted) in LIVES.items()
        ]
    )


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoopbackExchange]:
    with (
        LoopbackExchange(market(), now=NOW) as exchange,
        pointed_at(exchange.environment(), tmp_path_factory.mktemp("state")),
    ):
        yield exchange


@contextmanager
def at_instant(exchange: LoopbackExchange, now: datetime) -> Iterator[None]:
    """The exchange stands at another instant for the length of the block."""
    exchange.now = now
    yield
    exchange.now = NOW


def lake(folder: Path, grain: str, dataset: str, sources: list[str], now: datetime) -> Lake:
    start = "2023-01" if grain == "month" else "2023-01-01"
    path = folder / f"{grain}.yaml"
    entry = f"{{grain: {grain}, start: {start}, symbols: [{', '.join(LIVES)}], sources: [{', '.join(sources)}]}}"
    path.write_text(f"datasets: {{{dataset}: {entry}}}")
    return Lake(folder / grain, now, load_catalog(path))


def labels(lake: Lake, dataset: str, symbol: str, first: datetime) -> dict[datetime, tuple[str, str]]:
    """Status and evidence of every missing bar from `first` on, whatever the partitions are."""
    step = lake.catalog[dataset].bar_interval.length
    assert step is not None
    grain = lake.catalog[dataset].grain
    dates = grain.keys(grain.key(first), grain.key(lake.now - HOUR))
    assert lake.materialize(dataset, symbol, dates[0], dates[-1], until=Zone.MERGED).troubles == []
    rows = lake.ledger(dataset, symbol, *dates).select("start", "bars", "status", "evidence").iter_rows()
    found = {start + n * step: (status, words) for start, bars, status, words in rows for n in range(bars)}
    return {at: told for at, told in found.items() if at >= first}


def both(folder: Path, dataset: str, symbol: str, sources: list[str], now: datetime = NOW) -> dict[datetime, str]:
    """What both ledgers say, which has to be the same."""
    by_day, by_month = (
        labels(lake(folder, grain, dataset, sources, now), dataset, symbol, START) for grain in ("day", "month")
    )
    assert by_day == by_month
    return {at: status for at, (status, _) in by_day.items()}


def planted(symbol: str, step: timedelta, *, last_day: str, ended: str, late: str) -> dict[datetime, str]:
    """What the life of the symbol makes of every bar that it does not have.

    Args:
        symbol: one of `LIVES`.
        step: the length of a bar.
        last_day: the last day of a symbol that is still traded, of which the archive has no file.
        ended: bars after a delisting.
        late: those of them whose files are not due.
    """
    listed, delisted = LIVES[symbol]
    grid = [START + n * step for n in range((NOW - START) // step)]
    found = {at: "not_listed" for at in grid if at + step <= listed}
    if delisted is None:
        return found | {at: last_day for at in grid if at >= NOW - 24 * HOUR}
    return found | {at: late if at >= NOW - 48 * HOUR else ended for at in grid if at >= delisted}


pytestmark = pytest.mark.usefixtures("exchange")
both_markets = pytest.mark.parametrize("market", ["spot", pytest.param("um", marks=pytest.mark.slow)])


@pytest.mark.slow
@pytest.mark.one_in(16, slow=6)
@both_markets
@pytest.mark.parametrize("symbol", LIVES)
def test_with_rest(tmp_path: Path, market: str, symbol: str) -> None:
    found = both(tmp_path, f"{market}_klines_1h", symbol, [ARCHIVE, REST])
    assert found == planted(symbol, HOUR, last_day="refilled", ended="delisted", late="delisted")


@pytest.mark.slow
@pytest.mark.one_in(12, slow=6)
@both_markets
@pytest.mark.parametrize("symbol", LIVES)
def test_without_rest(tmp_path: Path, market: str, symbol: str) -> None:
    """Nobody asks the exchange, so that nobody is delisted."""
    found = both(tmp_path, f"{market}_klines_1h", symbol, [ARCHIVE])
    assert found == planted(symbol, HOUR, last_day="not_published", ended="open", late="not_published")


@pytest.mark.slow
def test_minutes_with_rest(tmp_path: Path) -> None:
    found = both(tmp_path, "spot_klines_1m", "MIDUSDT", [ARCHIVE, REST])
    assert found == planted("MIDUSDT", MINUTE, last_day="refilled", ended="delisted", late="delisted")


@both_markets
def test_before_the_months_file_has_come(tmp_path: Path, exchange: LoopbackExchange, market: str) -> None:
    """The first day without a file is due; that the next ones are not is no doubt any more."""
    with at_instant(exchange, utc("2023-01-30")):
        found = both(tmp_path, f"{market}_klines_1h", "MIDUSDT", [ARCHIVE, REST], utc("2023-01-30"))
    delisted = utc("2023-01-26T03:00")
    assert found == {delisted + n * HOUR: "delisted" for n in range(21 + 3 * 24)}


@pytest.mark.slow
@both_markets
def test_before_the_next_file_is_due(tmp_path: Path, exchange: LoopbackExchange, market: str) -> None:
    with at_instant(exchange, utc("2023-01-28T11:00")):
        found = both(tmp_path, f"{market}_klines_1h", "MIDUSDT", [ARCHIVE, REST], utc("2023-01-28T11:00"))
    assert found.keys() == {utc("2023-01-26T03:00") + n * HOUR for n in range(21 + 24 + 11)}
    assert "delisted" not in found.values()
