"""The audit of metrics: every row is sound, set aside with a reason, or a repetition; zeros, blanks, shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.providers.binance.metrics import read_metrics
from bcdata.quality.metrics import AuditedMetrics, audit_metrics
from bcdata.quality.verdict import Severity
from bcdata.windows import Grain
from bcdata_tests.pipeline.metric_files import DAY, HEADER, STEP, lines
from bcdata_tests.run import utc

SYMBOL, DATE = "BTCUSD_PERP", "2024-01-02"
WINDOW = Grain.DAY.window(DATE)
stamps = st.one_of(
    st.integers(-300, 600).map(lambda at: f"{WINDOW.start + at * STEP:%Y-%m-%d %H:%M:%S}"),
    st.sampled_from(["x", "", "2024-01-02 00:00:01", "9223372036854775807", "-9223372036854775808", "5"]),
)
values = st.sampled_from(["1.5", "2", "0", "", "nan", "-inf", "1e308", "-1", "None"])
rows_sent = st.lists(
    st.tuples(stamps, st.sampled_from([SYMBOL, SYMBOL, "ETHUSD_PERP"]), *[values] * 6).map(",".join), max_size=20
)


def audited(rows: list[str], *, market: str = "cm", date: str = DATE, share: float = 1) -> AuditedMetrics:
    content = "".join(f"{row}\n" for row in [HEADER, *rows]).encode()
    window = Grain.DAY.window(date)
    raw = read_metrics(content, "f", window, market).rows
    symbol = "BTCUSDT" if market == "um" else SYMBOL
    return audit_metrics(raw, symbol=symbol, window=window, max_bad_share=share)


@given(rows_sent)
def test_no_row_is_lost(rows: list[str]) -> None:
    sent = [*lines("cm", DATE)[200:202], *rows]
    found = audited(sent)
    repeated = found.verdict.counts().get("duplicate", 0)
    assert found.metrics.height + found.rejected.height + repeated == len(sent)
    assert found.elsewhere.is_empty()
    assert found.verdict.passed
    assert found.rejected["reason"].null_count() == 0
    assert found.metrics["time"].is_between(WINDOW.start, WINDOW.end, closed="left").all()
    assert found.metrics["time"].is_sorted()


@pytest.mark.parametrize("market", ["um", "cm"])
def test_rows_of_a_file_are_of_just_one_partition(market: str) -> None:
    sent = [*lines(market, DATE), *lines(market, "2024-02-05")[:7], "?,?,?,?,?,?,?,?"]
    content = "".join(f"{row}\n" for row in [HEADER, *sent]).encode()
    raw = read_metrics(content, "f", WINDOW, market).rows
    symbol = "BTCUSDT" if market == "um" else SYMBOL
    counts = {}
    for off in range(-2, 40):
        window = Grain.DAY.window(f"{WINDOW.start + off * DAY:%Y-%m-%d}")
        one = audit_metrics(raw, symbol=symbol, window=window, max_bad_share=1)
        if one.metrics.height + one.rejected.height:
            counts[off] = (one.metrics.height, one.rejected.height)
    assert counts == ({-1: (1, 0), 0: (287, 8)} if market == "um" else {0: (288, 8)})


@pytest.mark.parametrize("column", [2, 3])
def test_zeros_between_others_are_set_aside_and_others_kept(column: int) -> None:
    rows = [row.split(",") for row in lines("cm", DATE)]
    for at in (0, 1, 100, 101, 287):
        rows[at][column] = "0.00000000"
    rows[5][column] = ""
    found = audited([",".join(row) for row in rows])
    assert found.rejected["line"].to_list() == [100, 101]
    assert found.rejected["reason"].unique().to_list() == ["open_interest_zero"]
    told = [(one.rule, one.severity, one.count) for one in found.verdict.findings]
    assert told == [
        ("open_interest_zero", Severity.ROW, 2),
        ("open_interest_zero", Severity.WARN, 3),
        ("blank", Severity.WARN, 1),
    ]
    assert found.metrics.height == 286


def test_a_day_of_zeros_is_kept_with_a_warning() -> None:
    rows = [",".join([*row.split(",")[:2], "0", "0", *row.split(",")[4:]]) for row in lines("cm", DATE)]
    found = audited(rows)
    assert found.metrics.height == 288
    assert [(one.rule, one.severity) for one in found.verdict.findings] == [("open_interest_zero", Severity.WARN)]


@given(st.integers(0, 20), st.integers(1, 20))
def test_more_bad_rows_than_the_share_cost_the_object(bad: int, good: int) -> None:
    sent = [*lines("cm", DATE)[:good], *[f"2024-01-02 00:00:00,{SYMBOL},-1,1,1,1,1,1"] * bad]
    found = audited(sent, share=0.25)
    is_bad = bad / (bad + good) > 0.25
    assert found.metrics.height == (0 if is_bad else good)
    assert found.metrics.height + found.rejected.height == good + bad
    assert ("f" in found.bad_objects) is is_bad


def test_an_object_is_believed_or_not_as_a_whole_in_each_partition_that_reads_it() -> None:
    """The day before has one row of it, a sound one, and does not publish it either."""
    rows = lines("um", DATE)
    spoilt = [rows[0], *(row.replace(",BTCUSDT,", ",ETHUSDT,") for row in rows[1:200]), *rows[200:]]
    content = "".join(f"{row}\n" for row in [HEADER, *spoilt]).encode()
    raw = read_metrics(content, "f", WINDOW, "um").rows
    before = Grain.DAY.window("2024-01-01")
    found = audit_metrics(raw, symbol="BTCUSDT", window=before, max_bad_share=0.5)
    assert found.metrics.is_empty()
    assert found.rejected.select("line", "reason").rows() == [(0, "bad_share")]
    assert utc("2024-01-01T23:55") in before
