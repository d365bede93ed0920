"""Files and pages of a source are read by one format each, found by the market."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bcdata.errors import UsageError
from bcdata.frames.schema import BAR
from bcdata.interval import Interval
from bcdata.providers.base import Page, Series
from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import GROUP, bulk_format, load, page_format
from bcdata.simulate.binance.market.zips import make_zip
from bcdata.windows import Grain, Window

HOUR = timedelta(hours=1)
DAY = datetime(2018, 2, 9, tzinfo=UTC)


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def row(opened: datetime) -> list[Any]:
    """An hour of ten contracts of BTCUSD, as sent; what is late ends late."""
    return [ms(opened), "99.0", "101.0", "98.0", "100.0", "10", ms(opened + HOUR) - 1, "10.0", 7, "4", "4.0", "0"]


ROWS = [row(DAY), row(DAY + HOUR + timedelta(minutes=28)), row(DAY + 2 * HOUR)]
SERIES = Series("cm", "klines", "BTCUSD_PERP", "1h")


def file_of(rows: Sequence[Sequence[Any]]) -> PublishedFile:
    text = "".join(",".join(map(str, one)) + "\n" for one in rows)
    body = make_zip("BTCUSD_PERP-1h-2018-02-09.csv", text.encode(), DAY)
    return PublishedFile("BTCUSD_PERP-1h-2018-02-09.zip", Grain.DAY.window("2018-02-09"), body)


def test_the_same_bars_are_the_same_rows_out_of_a_file_and_out_of_pages() -> None:
    """Contracts have become volumes; an open of early 2018 stands on the grid, and is known when it really ended."""
    files, pages = bulk_format("cm"), page_format("cm")
    lines = files.lines(file_of(ROWS), Interval.parse("1h"))
    found = files.bars([lines], SERIES)
    assert found.rows.equals(pages.bars([json.dumps(ROWS).encode()], SERIES))
    assert [one.rule for one in found.findings] == ["off_grid_2018"]
    assert found.rows["open_time"].to_list() == [ms(DAY + at * HOUR) * 1000 for at in range(3)]
    late = ms(DAY + 2 * HOUR + timedelta(minutes=28)) * 1000
    assert found.rows["known_at"].to_list() == [None, late, None]
    assert found.rows.select("contracts", "volume", "quote_volume", "taker_buy_quote_volume").row(0) == (
        *(10.0, 10.0),
        *(1000.0, 400.0),
    )
    assert set(BAR) <= set(found.rows.columns)


def test_an_excerpt_has_rows_as_they_were_sent() -> None:
    sent = {"/klines?1": ROWS[:2], "/klines?2": ROWS[2:]}
    pages = [Page(url, json.dumps(rows).encode(), 0, 0, len(rows)) for url, rows in sent.items()]
    page = page_format("spot").excerpt(pages, Window(DAY + HOUR, DAY + 2 * HOUR), {DAY + 2 * HOUR})
    assert (json.loads(page.body), page.url, page.rows) == (ROWS[1:], "/klines?1", 2)
    nothing = page_format("spot").excerpt([], Window(DAY, DAY), {DAY})
    assert (nothing.body, nothing.first_open_ms, nothing.rows) == (b"[]", None, 0)


def test_a_market_without_files_or_repair_has_no_format() -> None:
    with pytest.raises(UsageError, match="no source of kraken is read as bulk"):
        bulk_format("kraken")
    with pytest.raises(UsageError, match="no source of nowhere is read as repair"):
        page_format("nowhere")


def a_source(role: Role, **more: Any) -> Provider:
    return Provider("other", (Source("other_files", role, Capabilities(("spot",)), dict, lambda *_: None, **more),))


WITHOUT = a_source(Role.BULK)
NEEDLESS = a_source(Role.WINDOW, format=lambda: None)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("WITHOUT", "other_files is read as bulk: a format is needed"),
        ("NEEDLESS", "other_files is read as window: a format has no use"),
    ],
)
def test_a_source_has_a_format_where_it_is_needed(name: str, words: str) -> None:
    providers, [refused] = load([EntryPoint("other", f"{__name__}:{name}", GROUP)])
    assert "other" not in providers
    assert words in str(refused)
