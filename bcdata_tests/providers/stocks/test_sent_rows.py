"""Rows as they are sent: bars without a trade, actions that are none."""

from datetime import UTC, date, datetime

import pytest

from bcdata.frames.schema import REFUSED, REPORTS
from bcdata.providers.raw_rows import RawRows
from bcdata.providers.stocks.sent_rows import RawReports, add_bar, quotient

AT = datetime(2024, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("nothing", [None, "None", "-", "", "null", "NaN", "n/a"])
def test_a_bar_without_any_price_had_no_trade(nothing: object) -> None:
    found = RawRows()
    add_bar(found, 0, 0, AT, dict.fromkeys(("open", "high", "low", "close", "volume"), nothing))
    assert found.built().rows.is_empty()
    add_bar(found, 0, 1, AT, {"open": 1, "high": nothing, "low": nothing, "close": nothing, "volume": nothing})
    assert found.built().rows.select("open", "high", "volume").rows() == [(1.0, None, None)]


@pytest.mark.parametrize("odd", ["1,234.5", True, "Infinity", [1], "9" * 400, {}])
def test_prices_that_cannot_be_read_do_not_pass_for_silence(odd: object) -> None:
    found = RawRows()
    add_bar(found, 0, 0, AT, dict.fromkeys(("open", "high", "low", "close"), odd))
    assert found.built().rows.select("open", "high", "low", "close").rows() == [(None,) * 4]


def test_values_are_numbers_whatever_they_are_written_as() -> None:
    found = RawRows()
    add_bar(found, 3, 5, AT, {"open": "1e-7", "high": 2, "low": "1E308", "close": "1.5", "volume": "", "trades": "7"})
    row = found.built().rows.row(0, named=True)
    assert (row["open"], row["high"], row["low"], row["close"], row["volume"]) == (1e-7, 2.0, 1e308, 1.5, None)
    assert (row["trades"], row["object"], row["line"], row["open_time"]) == (None, 3, 5, 1_704_153_600_000_000)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        *(("split", {"ratio": value}) for value in (None, 0.0, -2.0, float("inf"), float("nan"))),
        *(("cash", {"amount": value}) for value in (None, 0.0, -0.25, float("inf"))),
        ("stock", {"amount": 3.0}),
        ("merger", {"ratio": 2.0}),
    ],
)
def test_what_is_no_action_is_refused_with_its_date(kind: str, values: dict[str, float | None]) -> None:
    found = RawReports()
    found.add(1, 2, {"row": "as sent"}, kind, ex="2024-01-02", **values)
    built = found.built()
    assert built.rows.is_empty()
    (line,) = built.bad_lines.rows(named=True)
    assert (line["object"], line["line"], line["text"]) == (1, 2, '{"row": "as sent"}')
    assert line["open_time"] == 1_704_153_600_000_000
    assert kind in line["evidence"]


@pytest.mark.parametrize("ex", [None, "None", "2024-02-30", 5, "2024-01-02T00:00:00Z"])
def test_an_action_without_its_date_is_refused(ex: object) -> None:
    found = RawReports()
    found.add(0, 0, {}, "split", ex=ex, ratio=2.0)
    (line,) = found.built().bad_lines.rows(named=True)
    assert "ex-date" in line["evidence"]
    assert line["open_time"] is None


def test_actions_as_they_are_kept() -> None:
    found = RawReports()
    assert (found.built().rows.schema, found.built().bad_lines.schema) == (REPORTS, REFUSED)
    found.add(0, 0, {}, "split", ex="2024-06-10", ratio=10.0)
    found.add(0, 1, {}, "special", ex="2024-06-11", amount=0.5, currency="USD", declared="2024-05-01", pay="None")
    found.add(0, 2, {}, "spin_off", ex="2024-06-12", currency="None")
    names = ("kind", "ex_session", "ratio", "amount", "currency", "declared", "record", "pay")
    assert found.built().rows.select(names).rows() == [
        ("split", date(2024, 6, 10), 10.0, None, None, None, None, None),
        ("special", date(2024, 6, 11), None, 0.5, "USD", date(2024, 5, 1), None, None),
        ("spin_off", date(2024, 6, 12), None, None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [(4, 1, 4.0), ("1", 50, 0.02), (1, 0, None), (None, 1, None), (1, "x", None), ("1e308", "1e-308", None)],
)
def test_quotients(above: object, below: object, expected: float | None) -> None:
    assert quotient(above, below) == expected
