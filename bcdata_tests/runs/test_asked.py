"""What people type is what they mean, or one error that says all that cannot be meant."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.errors import UsageError
from bcdata.runs.asked import Asked, request_of
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata.windows import Grain

NOW = datetime(2023, 7, 4, 12, tzinfo=UTC)
MONTHLY = "spot_klines_1m"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(PACKAGED)


def asked(catalog: Catalog, **said: Any) -> MaterializeRequest:
    words = {"dataset": MONTHLY, "symbols": ("BTCUSDT",), **said}
    return request_of(catalog, Asked(**words), NOW, declared=lambda _: ["AAAUSDT", "BBBUSDT"])


def by_day(catalog: Catalog) -> Catalog:
    """The same with the minutes by day."""
    datasets = tuple(
        one.model_copy(update={"grain": Grain.DAY, "start": "2023-06-10"}) if one.name == MONTHLY else one
        for one in catalog.datasets
    )
    return replace(catalog, datasets=datasets)


def test_a_dataset_alone_means_all_of_it_until_now(catalog: Catalog) -> None:
    found = request_of(catalog, Asked(MONTHLY), NOW, declared=lambda _: ["AAAUSDT", "BBBUSDT"])
    assert (found.symbols, found.first, found.last) == (("AAAUSDT", "BBBUSDT"), catalog[MONTHLY].start, "2023-07")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("btcusdt", "BTCUSDT"), ("BTC/USDT", "BTCUSDT"), ("btc-usdt", "BTCUSDT"), (" ETHUSDT ", "ETHUSDT"),
     ("币安人生usdt", "币安人生USDT")],
)  # fmt: skip
def test_symbols_as_people_write_them(catalog: Catalog, typed: str, meant: str) -> None:
    assert asked(catalog, symbols=(typed,)).symbols == (meant,)


@pytest.mark.parametrize(
    ("first", "last", "meant"),
    [
        ("2023-02-15", "2023-03-01", ("2023-02", "2023-03")),
        ("2022", "2022", ("2022-01", "2022-12")),
        ("2022-05", None, ("2022-05", "2023-07")),
        ("2023", "2023", ("2023-01", "2023-07")),
        ("2017", "2017-09", ("2017-08", "2017-09")),
    ],
)
def test_dates_are_taken_as_months(catalog: Catalog, first: str, last: str | None, meant: tuple[str, str]) -> None:
    found = asked(catalog, first=first, last=last)
    assert (found.first, found.last) == meant
    make_plan(catalog, found, NOW)


@pytest.mark.parametrize(
    ("first", "last", "meant"),
    [("2023-06", "2023-06", ("2023-06-10", "2023-06-30")), ("2023-07", "2023", ("2023-07-01", "2023-07-04")),
     ("2023-06-12", "2023-06-12", ("2023-06-12", "2023-06-12"))],
)  # fmt: skip
def test_months_are_all_of_their_days(catalog: Catalog, first: str, last: str, meant: tuple[str, str]) -> None:
    found = asked(by_day(catalog), first=first, last=last)
    assert (found.first, found.last) == meant


@pytest.mark.parametrize(
    ("span", "first"),
    [
        ("30d", "2023-06"),
        ("36h", "2023-07"),
        ("4w", "2023-06"),
        ("6m", "2023-01"),
        ("2Y", "2021-07"),
        ("99y", "2017-08"),
    ],
)
def test_back_from_now(catalog: Catalog, span: str, first: str) -> None:
    found = asked(catalog, span=span)
    assert (found.first, found.last) == (first, "2023-07")


@given(st.dates(date(2018, 1, 1), NOW.date()), st.dates(date(2018, 1, 1), NOW.date()))
def test_days_are_in_what_is_meant(one: Any, other: Any) -> None:
    catalog = load_catalog(PACKAGED)
    first, last = sorted([one, other])
    found = asked(catalog, first=first.isoformat(), last=last.isoformat())
    keys = Grain.MONTH.keys(found.first, found.last)
    assert {first.isoformat()[:7], last.isoformat()[:7]} <= set(keys)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"span": "0d"}, "--last 0d: write a number"),
        ({"span": "30"}, "--last 30: write a number"),
        ({"span": "-3d"}, "--last -3d: write a number"),
        ({"span": "99999y"}, "before the year 1"),
        ({"span": "3d", "first": "2023-01"}, "leave --from and --to out"),
        ({"first": "2023-13"}, "'2023-13' is not a date"),
        ({"first": "January"}, "write it as YYYY-MM"),
        ({"first": "2023-02-30"}, "'2023-02-30' is not a date"),
        ({"first": "2023-05", "last": "2023-01"}, "reversed"),
        ({"symbols": ("BTC USDT",)}, "no symbols like BTC USDT; they look like BTCUSDT"),
        ({"symbols": ("$$$",)}, "no symbols like $$$; they look like BTCUSDT"),
        ({"symbols": ()}, "no symbols were named"),
        ({"dataset": None}, "no dataset was named; the catalog has spot_klines_1m"),
        ({"dataset": "spot_klines_1x"}, "spot_klines_1"),
    ],
)
def test_what_cannot_be_meant(catalog: Catalog, said: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as raised:
        asked(catalog, **said)
    assert words in str(raised.value)


def test_what_is_wrong_with_each_date_is_told_at_once(catalog: Catalog) -> None:
    with pytest.raises(UsageError, match=r"'2023-13' is not a date; and '2023-02-31' is not a date"):
        asked(catalog, first="2023-13", last="2023-02-31")


def test_several_mistakes_are_told_at_once(catalog: Catalog) -> None:
    with pytest.raises(UsageError) as raised:
        asked(catalog, span="0d", symbols=("BTC USDT",))
    assert "--last 0d" in str(raised.value)
    assert "BTC USDT" in str(raised.value)
