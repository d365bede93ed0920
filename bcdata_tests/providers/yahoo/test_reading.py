"""Charts are read as they are sent: dates at the exchange, nulls left out, splits taken out or rows held back."""

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import BadAnswerError
from bcdata.frames.schema import RAW_BAR, REFUSED, REPORTS
from bcdata.providers.base import Series
from bcdata.providers.yahoo.reading import read_actions, read_bars
from bcdata.providers.yahoo.symbols import written
from bcdata_tests.providers.yahoo.answers import DAYS, LATER, NVDA, at, body, chart, label, recorded, result_of

MINUTES = Series("us_equity", "klines", "AAPL", "5m")
HELD = "adjustment_unknown"
RECORDED = {  # date of the one row, its open and close as sent
    "chart-AAPL.json": ("AAPL", date(2022, 2, 22), 164.97999572753906, 164.32000732421875),
    "chart-AZT.OL-2020-01-01-to-2020-01-03.json": ("AZT.OL", date(2020, 1, 2), 4.940000057220459, 4.989999771118164),
    "chart-GC=F-2020-01-01-to-2020-01-03.json": ("GC=F", date(2020, 1, 2), 1518.0999755859375, 1524.5),
    "chart-OCDO.L-2020-01-01-to-2020-01-03.json": ("OCDO.L", date(2020, 1, 2), 1279.5, 1259.5),
    "chart-WSKT.JK-2020-01-01-to-2020-01-03.json": ("WSKT.JK", date(2020, 1, 2), 1485.0, 1505.0),
    "chart-0P000071W8.TO-2020-01-01-to-2020-01-03.json":
        ("0P000071W8.TO", date(2020, 1, 2), 73.72000122070312, 73.72000122070312),
}  # fmt: skip


def days(symbol: str) -> Series:
    return Series("any", "klines", symbol, "1d")


def times(first: str, count: int, step: int = 86_400) -> list[int]:
    return [at(first) + number * step for number in range(count)]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("AAPL", "AAPL"), ("BRK.B", "BRK-B"), ("VOD.L", "VOD.L"), ("0700.HK", "0700.HK"), ("VOD.XLON", "VOD.L"),
        ("7203.XTKS", "7203.T"), ("^GSPC", "^GSPC"), ("I:SPX", "^GSPC"), ("I:NDX", "^NDX"), ("EURUSD", "EURUSD=X"),
        ("GOOGLE", "GOOGLE"), ("", ""), (".", "-"),
    ],
)  # fmt: skip
def test_symbols_in_its_own_way(symbol: str, expected: str) -> None:
    assert written(symbol) == expected


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers(shared_data: Path, name: str) -> None:
    symbol, day, opening, close = RECORDED[name]
    answer = recorded(shared_data, name)
    rows, bad = (one := read_bars(days(symbol), [body(answer)])).rows, one.bad_lines
    assert (rows.height, bad.height, bad["reason"].to_list()) == (0, 1, [HELD]), "splits until now are not known"
    assert bad["open_time"].to_list() == [label(day)]
    quoted = result_of(answer)["meta"]["regularMarketTime"]
    until_now = body(chart([result_of(answer)["timestamp"][0], quoted], symbol=symbol, quoted=quoted,
                           zone=result_of(answer)["meta"]["exchangeTimezoneName"]))  # fmt: skip
    row = read_bars(days(symbol), [body(answer), until_now]).rows.row(0, named=True)
    assert (row["open_time"], row["open"], row["close"]) == (label(day), opening, close)


def test_recorded_answers_that_reach_to_their_own_day(shared_data: Path) -> None:
    folder = shared_data / "providers/yahoo/portfolio_performance"
    munich = (folder / "response_yahoo_historical02.txt").read_bytes()
    held = read_bars(days("MUV2.DE"), [munich])
    assert (held.rows.height, held.bad_lines.height) == (0, 124), "it ends in 2018, and was sent in 2025"
    sydney = (folder / "yahoo_australian_quotes.txt").read_bytes()
    found = read_bars(days("ALL.AX"), [sydney])
    assert found.bad_lines.is_empty()
    assert found.rows.height == 63, "the session of the answer's day is still running"
    assert found.rows["close"].to_list() == result_of(json.loads(sydney))["indicators"]["quote"][0]["close"][:63]
    opens = [datetime.fromtimestamp(one // 10**6, UTC) for one in found.rows["open_time"].to_list()]
    assert all(one.weekday() < 5 for one in opens), "dates in Sydney, not in UTC"
    assert opens[0].date() == date(2021, 10, 13)


def test_nvidia_is_raw_once_all_of_its_splits_are_known(shared_data: Path) -> None:
    series, answer = days("NVDA"), recorded(shared_data, NVDA)
    alone = read_bars(series, [body(answer)])
    assert (alone.rows.height, set(alone.bad_lines["reason"])) == (0, {HELD})
    assert "2025-02-21" in alone.bad_lines["evidence"][0]
    quoted = result_of(answer)["meta"]["regularMarketTime"]
    later = body(chart([at("2021-02-01T14:30:00"), quoted], symbol="NVDA", quoted=quoted,
                       events={"splits": {"1": LATER}}))  # fmt: skip
    found = read_bars(series, [body(answer), later])
    row = found.rows.filter(open_time=label(date(2021, 7, 19))).row(0, named=True)
    assert (row["close"], row["volume"]) == (751.1900329589844, 18_726_500)
    after = found.rows.filter(open_time=label(date(2021, 7, 20)), object=0).row(0, named=True)
    assert after["close"] == pytest.approx(186.12, abs=0.005), "the split of the day itself is in its price"


def test_one_chart_that_reaches_to_its_own_day_is_enough(shared_data: Path) -> None:
    answer = recorded(shared_data, NVDA)
    result = result_of(answer)
    result["events"]["splits"]["1"] = LATER
    quote = result["indicators"]["quote"][0]
    result["timestamp"].append(result["meta"]["regularMarketTime"])
    for name in quote:
        quote[name].append(135.0)
    row = read_bars(days("NVDA"), [body(answer)]).rows.filter(open_time=label(date(2021, 7, 19))).row(0, named=True)
    assert (row["close"], row["volume"]) == (751.1900329589844, 18_726_500)


def test_tesla_has_no_events_and_no_proof(shared_data: Path) -> None:
    found = read_bars(
        days("TSLA"), [body(recorded(shared_data, "historical-via-chart-dividends-TSLA-no-dividends.json.gz"))]
    )
    assert (found.rows.height, found.bad_lines.height) == (0, 3303)


def test_values_without_times_are_no_chart(shared_data: Path) -> None:
    answer = recorded(shared_data, "chart-notimestamp-quotes-length.fake.json")
    with pytest.raises(BadAnswerError, match="values without times"):
        read_bars(DAYS, [body(answer)])


SPLITS = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from([(2, 1), (4, 1), (1, 10), (3, 2), (21, 20)])),
    max_size=4,
    unique_by=lambda one: one[0],
)


@given(splits=SPLITS, cut=st.integers(1, 59))
def test_raw_prices_are_what_was_traded(splits: list[tuple[int, tuple[int, int]]], cut: int) -> None:
    stamps = times("2024-01-02T14:30:00", 61)
    raw = [100.0 + number for number in range(61)]
    shares = [Fraction(1)] * 61
    for ex, (new, old) in splits:
        shares = [one * (Fraction(new, old) if number < ex else 1) for number, one in enumerate(shares)]
    adjusted = [float(price / one) for price, one in zip(raw, shares, strict=True)]
    listed = {str(ex): {"date": stamps[ex], "numerator": new, "denominator": old} for ex, (new, old) in splits}
    whole = chart(stamps, adjusted, events={"splits": listed})
    found = read_bars(DAYS, [body(whole)])
    assert found.bad_lines.is_empty()
    assert found.rows["close"].to_list() == pytest.approx(raw, rel=1e-12)
    assert found.rows["volume"].to_list() == pytest.approx([100 / float(one) for one in shares], rel=1e-12)
    # A part of it, with the events of its own time alone, is raw only beside the whole.
    own = {key: one for key, one in listed.items() if one["date"] <= stamps[cut - 1]}
    part = chart(stamps[:cut], adjusted[:cut], quoted=stamps[-1] + 7 * 3600, events={"splits": own})
    assert read_bars(DAYS, [body(part)]).rows.is_empty()
    both = read_bars(DAYS, [body(part), body(whole)]).rows.filter(object=0)
    assert both["close"].to_list() == pytest.approx(raw[:cut], rel=1e-12)


def test_an_answer_is_adjusted_for_the_splits_up_to_its_own_day_alone() -> None:
    stamps = times("2024-01-02T14:30:00", 10)
    before = chart(stamps[:5], [100.0] * 5)
    split = {"splits": {"x": {"date": stamps[7], "numerator": 4, "denominator": 1}}}
    after = chart(stamps, [25.0] * 7 + [26.0] * 3, events=split)
    found = read_bars(DAYS, [body(before), body(after)]).rows
    assert found.filter(object=0)["close"].to_list() == [100.0] * 5
    assert found.filter(object=1)["close"].to_list() == [100.0] * 7 + [26.0] * 3


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"date": at("2024-01-05T14:30:00"), "numerator": 4, "denominator": 0}, "ratio of the split on 2024-01-05"),
        ({"date": at("2024-01-05T14:30:00")}, "ratio of the split on 2024-01-05"),
        ({"date": at("2024-01-05T14:30:00"), "numerator": 1e308, "denominator": 1}, "ratio of the split"),
        ({"numerator": 4, "denominator": 1}, "not all of those after"),
        ({"date": at("2024-01-12T14:30:00"), "numerator": 4, "denominator": 1}, "a split is due on 2024-01-12"),
    ],
)
def test_rows_are_held_back_where_a_split_cannot_be_told(event: dict[str, Any], words: str) -> None:
    sent = chart(times("2024-01-02T14:30:00", 8), events={"splits": {"x": event}})
    found = read_bars(DAYS, [body(sent)])
    assert words in found.bad_lines["evidence"][0]
    assert set(found.bad_lines["reason"]) == {HELD}
    assert found.rows["open_time"].to_list() in ([], [label(date(2024, 1, day)) for day in range(5, 10)])


def test_minutes_take_their_splits_from_a_chart_of_days() -> None:
    stamps = times("2024-01-03T14:30:00", 12, 300)
    split = {"splits": {"x": {"date": at("2024-01-05T14:30:00"), "numerator": 4, "denominator": 1}}}
    quoted = at("2024-01-08T21:00:01")
    minutes = body(chart(stamps, [25.0] * 12, interval="5m", quoted=quoted))
    daily = body(chart([*times("2024-01-03T14:30:00", 6)], quoted=quoted, events=split))
    assert read_bars(MINUTES, [minutes]).rows.is_empty()
    found = read_bars(MINUTES, [daily, minutes])
    assert found.rows["open_time"].to_list() == [one * 10**6 for one in stamps]
    assert set(found.rows["close"]) == {100.0}
    assert set(found.rows["object"]) == {1}


def test_what_is_not_settled_yet_is_no_row() -> None:
    opens, closes = at("2024-01-03T14:30:00"), at("2024-01-03T21:00:00")
    quoted = opens + 1000
    stamps = [*times("2024-01-03T14:30:00", 4, 300), quoted]
    daily = body(chart([opens - 86_400, quoted], quoted=quoted, period=(opens, closes)))
    assert read_bars(DAYS, [daily]).rows["open_time"].to_list() == [label(date(2024, 1, 2))]
    running = body(chart(stamps, interval="5m", quoted=quoted, period=(opens, closes)))
    assert read_bars(MINUTES, [daily, running]).rows["open_time"].to_list() == [one * 10**6 for one in stamps[:3]]
    over = [*times("2024-01-03T20:45:00", 4, 300), closes + 1]
    ended = body(chart(over, interval="5m", quoted=closes + 1, period=(opens, closes)))
    after = body(chart([opens - 86_400, opens], quoted=closes + 1, period=(opens, closes)))
    assert read_bars(MINUTES, [after, ended]).rows["open_time"].to_list() == [one * 10**6 for one in over[:3]]
    early = body(chart([opens - 86_400], quoted=opens - 63_000, period=(opens, closes)))
    assert read_bars(DAYS, [early]).rows.height == 1, "before the open the last session is over"


def test_dates_are_those_of_the_exchange_on_both_sides_of_a_change_of_clocks() -> None:
    stamps = [
        at("2024-03-08T14:30:00"),
        at("2024-03-11T13:30:00"),
        at("2024-11-01T13:30:00"),
        at("2024-11-04T14:30:00"),
    ]
    found = read_bars(DAYS, [body(chart(stamps))]).rows["open_time"].to_list()
    assert found == [label(date(2024, *day)) for day in ((3, 8), (3, 11), (11, 1), (11, 4))]
    auckland = chart([at("2024-01-03T21:00:00")], zone="Pacific/Auckland")
    assert read_bars(DAYS, [body(auckland)]).rows["open_time"].to_list() == [label(date(2024, 1, 4))]
    euro = chart([at("2024-07-01T23:00:00")], zone="Europe/London", symbol="EURUSD=X")
    euro["chart"]["result"][0]["meta"]["instrumentType"] = "CURRENCY"
    found_euro = read_bars(days("EURUSD"), [body(euro)]).rows
    assert (found_euro["open_time"].to_list(), found_euro["volume"].to_list()) == ([label(date(2024, 7, 2))], [None])


def test_rows_as_they_stand() -> None:
    stamps = times("2024-01-02T14:30:00", 9)
    odd = [None, "None", "-", "1,234.5", True, 1e308, "1e-7", float("nan"), 2.0]
    sent = chart(stamps, [7.0] * 9)
    result_of(sent)["indicators"]["quote"][0]["open"] = odd
    found = read_bars(DAYS, [json.dumps(sent).encode()])
    assert found.rows["open"].to_list() == [None, None, None, None, None, 1e308, 1e-7, None, 2.0]
    assert (found.rows.schema, found.bad_lines.schema) == (RAW_BAR, REFUSED)
    idle = read_bars(DAYS, [body(chart(stamps, [None] * 8 + [1.0]))])
    assert (idle.rows.height, idle.bad_lines.height) == (1, 0), "all nulls are a session without a trade"
    untimed = chart([*stamps[:3], "x", None, *stamps[3:]])
    assert read_bars(DAYS, [body(untimed)]).bad_lines["evidence"].to_list() == ["it has no time"] * 2
    assert read_bars(DAYS, [body(chart([at("1962-01-02T14:30:00")]))]).rows["open_time"].to_list() == [
        label(date(1962, 1, 2))
    ]


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (chart(times("2024-01-03T14:30:00", 12, 3600), interval="60m"), "bars of 1h were sent, and not of 5m"),
        (chart(times("2024-01-03T14:30:00", 12, 900), interval="5m"), "bars of 15m were sent under the name of 5m"),
        (chart(times("2024-01-03T14:30:00", 12, 60), interval="5m"), "60 s from each other"),
        (chart(times("2024-01-03T14:30:00", 12, 300), interval="5m", symbol="MSFT"), "of MSFT, and not of AAPL"),
        (chart([1], zone="Mars/Base"), "it is no chart"),
        (chart([1], quoted=5, period=(7, 7)), "meta data"),
        (chart([1], events={"splits": [1]}), "splits cannot be read"),
        (chart([1], events={"dividends": {"1": 5}}), "dividends cannot be read"),
        (chart([1], indicators={}), "no open, high, low and close"),
        (chart([1], [1.0, 2.0], quoted=9), "not lists of one length"),
    ],
)
def test_other_things_than_what_was_asked_for_are_no_answer(sent: Any, words: str) -> None:
    with pytest.raises(BadAnswerError, match=words):
        read_bars(MINUTES if sent["chart"]["result"][0]["meta"]["dataGranularity"] != "1d" else DAYS, [body(sent)])


GOOD = chart(
    times("2024-01-02T14:30:00", 3),
    events={"splits": {"x": {"date": at("2024-01-03T14:30:00"), "numerator": 2, "denominator": 1}},
            "dividends": {"y": {"date": at("2024-01-03T14:30:00"), "amount": 0.5}}},
)  # fmt: skip
JUNK = st.one_of(
    st.none(), st.booleans(), st.text(max_size=5), st.integers(), st.floats(), st.just([]), st.just({}),
    st.sampled_from([-(10**30), 10**30, 2**63, -2_208_988_800, 253_402_300_799, "1e400", 1e-320]),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in pairs for place in places(one, (*path, key)))]


@given(st.sampled_from(places(GOOD)[1:]), JUNK, st.booleans())
def test_damage_is_a_bad_answer_or_a_bad_row(place: tuple[Any, ...], junk: Any, is_gone: bool) -> None:
    harmed = json.loads(json.dumps(GOOD))
    inside = harmed
    for key in place[:-1]:
        inside = inside[key]
    if is_gone:
        del inside[place[-1]]
    else:
        inside[place[-1]] = junk
    for read in (read_bars, read_actions):
        try:
            found = read(DAYS, [json.dumps(harmed).encode()])
        except BadAnswerError:
            continue
        assert found.rows.schema == (RAW_BAR if read is read_bars else REPORTS)


@given(st.integers(0, len(body(GOOD)) - 1))
def test_half_an_answer_is_none(cut: int) -> None:
    with pytest.raises(BadAnswerError):
        read_bars(DAYS, [body(GOOD)[:cut]])


def test_actions_are_what_was_paid_on_the_day() -> None:
    found = read_actions(DAYS, [body(GOOD)])
    assert found.rows.select("kind", "ex_session", "ratio", "amount", "currency").rows() == [
        ("split", date(2024, 1, 3), 2.0, None, None),
        ("cash", date(2024, 1, 3), None, 0.5, "USD"),
    ]
    stamps = times("2024-01-02T14:30:00", 9)
    events = {
        "splits": {"a": {"date": stamps[5], "numerator": 4, "denominator": 1}, "b": {"date": stamps[6]}},
        "dividends": {"c": {"date": stamps[3], "amount": 0.205}, "d": {"date": stamps[7], "amount": 0.0},
                      "e": {"date": "x", "amount": 1}},
        "capitalGains": {"f": {"date": stamps[8], "amount": 1.5}},
    }  # fmt: skip
    told = read_actions(DAYS, [body(chart(stamps, events=events))])
    assert told.rows.select("kind", "ratio", "amount").rows() == [("split", 4.0, None), ("capital_gain", None, 1.5)]
    assert told.bad_lines["evidence"].to_list() == [
        "a split whose ratio is not above 0",
        "the ratio of the split on 2024-01-08 cannot be read",
        "a cash whose amount is not above 0",
        "a cash without a date",
    ]
    del events["splits"]["b"]
    told = read_actions(DAYS, [body(chart(stamps, events=events))])
    assert told.rows["amount"].drop_nulls().to_list() == [pytest.approx(0.82), 1.5]


def test_what_two_charts_tell_of_is_told_once() -> None:
    stamps = times("2024-01-02T14:30:00", 10)
    paid = {"x": {"date": stamps[2], "amount": 0.82}}
    before = chart(stamps[:5], events={"dividends": paid})
    split = {"y": {"date": stamps[7], "numerator": 3, "denominator": 1}}
    after = chart(stamps, events={"dividends": {"x": {**paid["x"], "amount": 0.82 / 3 + 1e-12}}, "splits": split})
    for bodies in ([body(before), body(after)], [body(after), body(before)]):
        found = read_actions(DAYS, bodies)
        assert found.bad_lines.is_empty()
        assert sorted(found.rows["kind"]) == ["cash", "split"]
        assert found.rows["amount"].drop_nulls().to_list() == [pytest.approx(0.82)]
        assert set(found.rows["object"]) == {bodies.index(body(after))}
