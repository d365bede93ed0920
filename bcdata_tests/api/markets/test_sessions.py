"""`bcdata.sessions` and `bcdata.bars_a_year`: as rows, and against lists of the bars."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import bcdata
from bcdata.catalog import load_catalog
from bcdata.errors import UsageError
from bcdata.interval import Interval
from bcdata.venues.calendar import bar_end, calendar, count_bars, sessions_of
from bcdata.venues.hours import Hours
from bcdata.venues.session_calendar import SessionCalendar
from bcdata.venues.session_interval import interval_of
from bcdata.venues.sessions import Sessions
from bcdata.windows import Window

pytest.importorskip("exchange_calendars", reason="calendars of exchanges need the extra stocks")


@pytest.fixture(scope="module", autouse=True)
def _at_a_known_time(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BCDATA_NOW", "2026-01-15T00:00:00Z")
        patch.setenv("BCDATA_STATE", str(tmp_path_factory.mktemp("state")))
        yield


def test_the_cases_that_were_computed(shared_data: Path) -> None:
    for case in json.loads((shared_data / "sessions/sessions.json").read_text()):
        label = date.fromisoformat(case["session"])
        for interval, bars in case["bars"].items():
            [row] = bcdata.sessions(case["calendar"], label, label + timedelta(days=1), interval=interval).to_dicts()
            times = {name: datetime.fromisoformat(case[name]) for name in ("open", "close")}
            assert row["session"] == label
            assert {name: row[name] for name in times} == times
            last = datetime.fromisoformat(case["last_open"][interval])
            assert (row["bars"], row["last_open"], row["last_end"]) == (bars, last, times["close"])


def test_whole_years(shared_data: Path) -> None:
    for case in json.loads((shared_data / "sessions/years.json").read_text()):
        year = case["year"]
        found = bcdata.sessions(case["calendar"], f"{year}-01-01", f"{year + 1}-01-01", interval="1m")
        assert (found.height, found["bars"].sum()) == (case["sessions"], case["minutes"])


@pytest.mark.parametrize("interval", ["7m", "1h", "4h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("name", ["XNYS", "XHKG", "CMES", "fx_ny", "24/5", "24/7"])
def test_the_numbers_are_those_of_the_bars_that_are_listed(name: str, interval: str) -> None:
    found = bcdata.sessions(name, "2023-01-20", "2023-04-10", interval=interval)
    of_market = interval_of(Interval.parse(interval), Hours(name))
    window = Window(found["open"][0], found["close"][-1])
    bars = pl.DataFrame({"open_time": calendar(Hours(name)).opens(of_market, window)}).with_columns(
        end=bar_end(of_market)
    )
    placed = bars.join_asof(found.select("session", "open"), left_on="open_time", right_on="open")
    listed = placed.group_by("session", maintain_order=True).agg(
        bars=pl.len().cast(pl.Int64),
        first_open=pl.col("open_time").first(),
        last_open=pl.col("open_time").last(),
        last_end=pl.col("end").last(),
    )
    assert listed["bars"].sum() == bars.height
    assert found.filter(pl.col("bars") > 0).select(listed.columns).equals(listed)
    assert found.filter(bars=0).select("first_open", "last_open", "last_end").null_count().row(0) == (
        found.filter(bars=0).height,
    ) * 3  # fmt: skip


@pytest.mark.parametrize("interval", ["7h", "3d"])
def test_bars_that_no_day_is_filled_by_are_counted_where_they_open(interval: str) -> None:
    found = bcdata.sessions("24/7", "2023-01-01", "2023-02-01", interval=interval)
    opens = Interval.parse(interval).opens(Window(found["open"][0], found["close"][-1]))
    days = pl.Series(opens).cast(pl.Datetime("us", "UTC")).dt.date().value_counts(name="bars").sort("")
    assert found.filter(pl.col("bars") > 0)["session"].to_list() == days[""].to_list()
    assert found.filter(pl.col("bars") > 0)["bars"].to_list() == days["bars"].to_list()


def test_pauses_and_closures_of_a_market_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "catalog.yaml"
    path.write_text(
        "markets:\n  mine: {calendar: CMES, type: future, since: 2000-01, pauses: ['16:00-17:00 America/Chicago'],"
        " closed: [2023-03-09]}\n"
        "datasets:\n  spot_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}\n"
    )
    found = bcdata.sessions("mine", "2023-03-08", "2023-03-11", interval="1h", catalog=load_catalog(path))
    assert found["session"].to_list() == [date(2023, 3, 8), date(2023, 3, 10)]
    assert found["bars"].to_list() == [23, 23]
    assert found["parts"][0][0] == {
        "start": datetime(2023, 3, 7, 23, tzinfo=UTC), "end": datetime(2023, 3, 8, 22, tzinfo=UTC),
    }  # fmt: skip


def test_a_session_that_is_all_pause_has_no_parts_and_no_bars() -> None:
    night = (date(2023, 11, 25), datetime(2023, 11, 25, 0, 10, tzinfo=UTC), datetime(2023, 11, 25, 0, 50, tzinfo=UTC))
    hours = Hours("XNYS", ("00:00-01:00 Etc/UTC",), sessions=(night,))
    table = sessions_of(hours).sessions.of_dates(date(2023, 11, 24), date(2023, 11, 26))
    assert (len(table), table.of.tolist()) == (2, [0])
    assert count_bars(hours, Interval.parse("1m"), table.opens, table.closes).bars.tolist() == [210, 0]
    with pytest.raises(UsageError, match="leave no time of the sessions of XNYS"):
        sessions_of(Hours("XNYS", ("00:00-23:59 Etc/UTC",)))


def test_the_ends_of_what_is_known() -> None:
    whole = bcdata.sessions("XNYS")
    assert (whole["session"][0], whole["session"][-1]) == (date(1970, 1, 2), date(2026, 12, 31))
    assert bcdata.sessions("XNYS", end="1970-01-03").height == 1
    for first, end in (("2026-01-01", "2030-01-01"), ("2030-01-01", None), ("1960-01-01", "1961-01-01")):
        with pytest.raises(
            UsageError, match=rf"XNYS is known from 1970-01-01 to 2027-01-01 .* nothing is said of {first}"
        ):
            bcdata.sessions("XNYS", first, end)


def test_the_last_day_that_a_calendar_knows_is_had_though_it_closes_before_midnight() -> None:
    rows = [
        (date(2026, 12, day), datetime(2026, 12, day, 1, tzinfo=UTC), datetime(2026, 12, day, 7, tzinfo=UTC))
        for day in (30, 31)
    ]
    table = Sessions.of_rows("drawn", "a test", rows)
    assert table.of_dates(date(2026, 12, 31), date(2027, 1, 1)).labels.astype(str).tolist() == ["2026-12-31"]
    with pytest.raises(UsageError, match="drawn is known from 2026-12-30 to 2026-12-31"):
        table.of_dates(date(2026, 12, 31), date(2027, 1, 2))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"calendar": 5}, "`calendar` takes the name of a market or a calendar; this is 5"),
        ({"interval": 5}, "`interval` takes the length of bars"),
        ({"start": "2023-01-01T12:00"}, "asked for by their dates; 2023-01-01 12:00 is a time of the day"),
        ({"start": "2023-02", "end": "2023-01"}, "is empty or reversed"),
        ({"catalog": "x"}, "`catalog` takes"),
    ],
)
def test_mistakes(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bcdata.sessions(**{"calendar": "XNYS", **given})


def test_a_year_is_the_mean_of_the_last_five() -> None:
    assert bcdata.bars_a_year("us_equity") == (252 + 251 + 250 + 252 + 250) / 5
    assert bcdata.bars_a_year("us_equity", "1h") == bcdata.sessions("XNYS", "2021-01", "2026-01", interval="1h")[
        "bars"
    ].sum() / 5  # fmt: skip
    assert bcdata.bars_a_year("24/7", "1m") == bcdata.bars_a_year("spot", "1m") == 525_600


def test_years_that_a_calendar_does_not_reach_are_no_part_of_the_mean() -> None:
    days = [date(2019, 1, 1) + timedelta(days=at) for at in range(3 * 365 + 1)]  # to the end of 2021
    rows = [
        (day, at, at + timedelta(hours=1))
        for day in days
        for at in [datetime(day.year, day.month, day.day, tzinfo=UTC)]
    ]
    told = Window(rows[0][1], datetime(2022, 1, 1, tzinfo=UTC))
    whole = SessionCalendar(Sessions.of_rows("drawn", "a test", rows, told))
    for interval, bars in (("1d", 1), ("30m", 2)):
        assert whole.bars_per_year(Interval.parse(interval), 2024) == bars * (366 + 365) / 2
        with pytest.raises(UsageError, match="has no complete year before 2030"):
            whole.bars_per_year(Interval.parse(interval), 2030)


def test_kinds_of_symbols_as_rows() -> None:
    found = bcdata.classify(["VOD.L", "ESZ25"], "yahoo")
    assert found.select("text", "kind", "exchange", "currency", "unit").rows() == [
        ("VOD.L", "stock", "XLON", "GBP", 0.01), ("ESZ25", "unknown", None, None, 1.0),
    ]  # fmt: skip
    assert bcdata.classify("ESZ5", "cme", on=date(2026, 1, 5))["expiry"].to_list() == ["2035-12"]
    assert bcdata.classify([]).columns == found.columns
    with pytest.raises(UsageError, match="`dialect` takes the name of a dialect"):
        bcdata.classify("X", ["yahoo"])  # type: ignore[arg-type]
