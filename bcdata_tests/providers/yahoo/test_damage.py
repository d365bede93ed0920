"""Charts that contradict themselves are told of, whatever their interval; rows stay as they were sent."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bcdata.errors import BadAnswerError
from bcdata.providers.base import Series
from bcdata.providers.yahoo.reading import read_actions, read_bars
from bcdata_tests.providers.yahoo.answers import DAYS, NVDA, at, body, chart, label, recorded, result_of

HOURS = Series("us_equity", "klines", "AAPL", "1h")
OPENS = [at("2024-03-01T14:30") + 86_400 * day for day in range(28)]
CLOSES = [100 + (7 * day) % 5 / 4 for day in range(28)]
PAID = {"date": OPENS[20], "amount": 1.0}


def adjusted(closes: list[float], factor: float) -> list[float]:
    """Adjusted closes after the payment on the 21st day."""
    return [close * (factor if day < 20 else 1) for day, close in enumerate(closes)]


def days(closes: list[Any], adjclose: Any = None, **events: dict[str, Any]) -> dict[str, Any]:
    found = chart(OPENS, closes, events=events)
    result_of(found)["indicators"]["adjclose"] = [{"adjclose": adjclose}]
    return found


def told(answer: dict[str, Any]) -> list[tuple[str, int]]:
    damage = read_bars(DAYS, [body(answer)]).damage
    assert damage is not None
    return [(rule, opened) for rule, opened in damage.select("rule", "open_time").iter_rows()]


def day(number: int) -> int:
    return label(date(2024, 3, 1 + number))


def test_a_sound_chart() -> None:
    factor = 1 - 1 / CLOSES[19]
    assert told(days(CLOSES, adjusted(CLOSES, factor), dividends={"1": PAID})) == []


def test_units_and_payments() -> None:
    closes = [close / 100 if 8 <= day < 12 else close for day, close in enumerate(CLOSES)]
    assert told(days(closes)) == [("unit_jump", day(8)), ("unit_jump", day(12))]
    wrong = days(CLOSES, adjusted(CLOSES, 0.9), dividends={"1": PAID})
    assert told(wrong) == [("dividend_size", day(20))]
    actions = read_actions(DAYS, [body(wrong)])
    assert actions.damage is not None
    assert actions.damage["rule"].to_list() == ["dividend_size"]
    assert actions.rows["amount"].to_list() == [1.0]


def test_the_unit_of_bars_is_not_told_of_beside_actions() -> None:
    closes = [close / 100 if day >= 8 else close for day, close in enumerate(CLOSES)]
    damage = read_actions(DAYS, [body(days(closes))]).damage
    assert damage is not None
    assert damage.is_empty()


@pytest.mark.parametrize("odd", [None, [], "x", {}, [1.0], [None] * 28, ["x"] * 28, [True] * 28, [0.0] * 28])
def test_adjusted_closes_that_are_none(odd: Any) -> None:
    found = days(CLOSES, odd)
    assert told(found) == []
    assert read_bars(DAYS, [body(found)]).rows.height == 28
    result_of(found)["indicators"]["adjclose"] = odd
    assert told(found) == []


def test_hours_beside_the_splits_of_days() -> None:
    opens = [at("2024-03-04T14:30") + 3600 * hour + 86_400 * day for day in range(5) for hour in range(7)]
    closes = [100.0 + at % 3 for at in range(35)]
    split = {"date": at("2024-03-06T14:30"), "numerator": 7, "denominator": 1, "splitRatio": "7:1"}
    first = opens.index(split["date"])
    half = [7 * close if at < first else close for at, close in enumerate(closes)]
    with_split = chart(OPENS[:8], CLOSES[:8], quoted=opens[-1] + 3600, events={"splits": {"1": split}})
    for prices, expected in ((closes, []), (half, [("missing_split", split["date"] * 10**6)])):
        hours = chart(opens, prices, interval="1h", quoted=opens[-1] + 3600)
        found = read_bars(HOURS, [body(with_split), body(hours)])
        assert found.damage is not None
        assert found.damage.select("rule", "open_time").rows() == expected


def test_pages_of_one_day_are_read_together() -> None:
    """A leap between the last bar of a page and the first one of the next; not between answers of two days."""
    latest = OPENS[-1] + 7 * 3600
    closes = [close if day < 14 else close / 100 for day, close in enumerate(CLOSES)]
    pages = [chart(OPENS[:14], closes[:14], quoted=latest), chart(OPENS[14:], closes[14:], quoted=latest)]
    damage = read_bars(DAYS, [body(one) for one in pages]).damage
    assert damage is not None
    assert damage["open_time"].to_list() == [day(14)]
    apart = read_bars(DAYS, [body(chart(OPENS[:14], closes[:14])), body(chart(OPENS[14:], closes[14:]))]).damage
    assert apart is not None
    assert apart.is_empty()


def test_recorded_charts_are_sound(shared_data: Path) -> None:
    folder = shared_data / "providers/yahoo/yahoo_finance2_http"
    names = [path.name for path in folder.glob("*chart*.json*")]
    assert NVDA in names
    seen = 0
    for name in names:
        try:
            answer = recorded(shared_data, name)
            result = result_of(answer)
            series = Series("any", "klines", result["meta"]["symbol"], result["meta"]["dataGranularity"])
            found = read_bars(series, [json.dumps(answer).encode()])
        except (KeyError, TypeError, ValueError, AttributeError, BadAnswerError):
            continue  # an error, or no chart of the lake's kind
        assert found.damage is not None
        assert found.damage.is_empty(), (name, found.damage.rows())
        seen += bool(result.get("timestamp"))
    assert seen
