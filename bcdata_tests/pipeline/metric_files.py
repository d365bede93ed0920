"""Files of metrics that tests write into an archive, and what they should come to, worked out without bcdata."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import MERGED_METRIC
from bcdata.store import quarantine
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.world import World

STEP, DAY = timedelta(minutes=5), timedelta(days=1)
CHANGE = utc("2026-06-25")
"""From here on labels of um are starts; before they are ends."""
HEADER = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
LATER = utc("2026-12-01")
SYMBOLS = {"um": "BTCUSDT", "cm": "BTCUSD_PERP"}


def values_of(time: datetime) -> list[str]:
    """Six values that no other five minutes have."""
    number = int(time.timestamp()) // 300 % 1_000_000
    return [f"{1000 + number}.{at:08d}" for at in range(6)]


def floats_of(time: datetime) -> tuple[float, ...]:
    """The same as they are published."""
    return tuple(map(float, values_of(time)))


def label_of(market: str, time: datetime) -> datetime:
    """What the archive writes for the five minutes that begin then."""
    return time + STEP if market == "um" and time < CHANGE else time


def line(market: str, time: datetime, *, symbol: str | None = None) -> str:
    return ",".join([f"{label_of(market, time):%Y-%m-%d %H:%M:%S}", symbol or SYMBOLS[market], *values_of(time)])


def times_in_file(market: str, day: str) -> list[datetime]:
    """The five minutes of which the file that names a day has rows: by their labels."""
    start = utc(day)
    around = [start - DAY + at * STEP for at in range(3 * 288)]
    named = [one for one in around if start <= label_of(market, one) < start + DAY]
    # The label at which they change is an end of the day before, and a start of its own.
    return sorted({*named})


def lines_to_midnight(market: str, day: str) -> list[str]:
    """A file in the other layout: of um before the change labels from 00:05 to 00:00 of the next day."""
    return [line(market, one) for one in times_of(day)]


def lines(market: str, day: str) -> list[str]:
    return [line(market, one) for one in times_in_file(market, day)]


def times_of(day: str) -> list[datetime]:
    """All five minutes of a day."""
    return [utc(day) + at * STEP for at in range(288)]


def key_of(market: str, day: str) -> str:
    symbol = SYMBOLS[market]
    return f"data/futures/{market}/daily/metrics/{symbol}/{symbol}-metrics-{day}.zip"


def put(
    mirror: Mirror, market: str, day: str, rows: Sequence[str] | None = None, *, content: bytes | None = None
) -> None:
    """Stores a day's file: these rows below the header, or this content as it is."""
    text = "".join(f"{row}\n" for row in [HEADER, *(lines(market, day) if rows is None else rows)])
    body = text.encode() if content is None else content
    mirror.put(key_of(market, day), zipped(f"{SYMBOLS[market]}-metrics-{day}.csv", body))


def catalog(market: str, *, grain: str = "day", start: str = "2024-01-01") -> str:
    first = start if grain == "day" else start[:7]
    fields = f"grain: {grain}, start: {first}, symbols: [{SYMBOLS[market]}], sources: [binance_archive]"
    return f"datasets:\n  {market}_metrics: {{{fields}}}\n"


def run(world: World, market: str, *days: str, name: str = "lake", now: datetime = LATER) -> tuple[Lake, Ran]:
    lake = world.lake(catalog(market), now=now, name=name)
    return lake, lake.materialize(f"{market}_metrics", SYMBOLS[market], days[0], days[-1])


def merged(lake: Lake, market: str, *days: str) -> dict[datetime, tuple[Any, ...]]:
    """What is published of some days, each time once."""
    rows = []
    for day in days:
        frame = lake.bars(f"{market}_metrics", SYMBOLS[market], day)
        assert frame is not None
        assert frame.schema == MERGED_METRIC
        assert frame["time"].is_sorted()
        rows += frame.select("time", *METRIC_VALUES).rows()
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: row[1:] for row in rows}


def ledger(lake: Lake, market: str, *days: str) -> list[tuple[str, str, int, str]]:
    rows = lake.ledger(f"{market}_metrics", SYMBOLS[market], *days).sort("start")
    return [
        (f"{start:%m-%d %H:%M}", f"{end:%m-%d %H:%M}", bars, status) for start, end, bars, status, _ in rows.iter_rows()
    ]


def set_aside(lake: Lake, market: str, day: str) -> list[tuple[str, int, str]]:
    partition = Partition("parsed", f"{market}_metrics", SYMBOLS[market], day, ARCHIVE)
    frame = Store(lake.root).read(quarantine.place(partition))
    return [] if frame is None else frame.select("name", "line", "reason").rows()


def truth(*days: str) -> dict[datetime, tuple[float, ...]]:
    return {time: floats_of(time) for day in days for time in times_of(day)}
