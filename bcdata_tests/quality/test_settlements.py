"""The audit of settlements: every row is sound, set aside with a reason, or a repetition."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bcdata.providers.binance.funding import read_funding_csv
from bcdata.quality.settlements import audit_settlements
from bcdata.windows import Grain

FEBRUARY, JUST = Grain.MONTH.window("2025-02"), timedelta(milliseconds=20)
around = st.timedeltas(timedelta(days=-40), timedelta(days=70)).map(lambda off: FEBRUARY.start + off)
edges = st.sampled_from([edge + off for edge in (FEBRUARY.start, FEBRUARY.end) for off in (-JUST, JUST)])
stamps = st.one_of(
    (around | edges).map(lambda at: str(int(at.timestamp() * 1000))),
    st.sampled_from(["x", "", "1735689600000000000", "1738368000", "-5"]),
)
rates = st.sampled_from(["0.0001", "-1.2E-5", "-1e308", "nan", "inf", "n/a", ""])
hours = st.sampled_from(["8", "4", "0", "25", "?"])
files = st.lists(st.tuples(stamps, hours, rates).map(",".join), max_size=12)


def content(rows: list[str]) -> bytes:
    """A file whose first row is sound, and which so has no header."""
    return "".join(f"{row}\n" for row in ["1738368000000,8,0.5", *rows]).encode()


@given(files)
def test_no_row_is_lost(rows: list[str]) -> None:
    raw = read_funding_csv(content(rows), "f", FEBRUARY)
    assert raw.height == len(rows) + 1
    audited = audit_settlements(raw, max_bad_share=1)
    repeated = audited.verdict.counts().get("duplicate", 0)
    assert audited.settled.height + audited.rejected.height + repeated == raw.height
    assert audited.verdict.passed
    assert audited.rejected["reason"].null_count() == 0
    assert audited.settled["time"].is_between(FEBRUARY.start, FEBRUARY.end).all()


@given(st.integers(0, 20), st.integers(1, 20))
def test_more_bad_rows_than_the_share_cost_the_object(bad: int, good: int) -> None:
    start = int(FEBRUARY.start.timestamp() * 1000)
    sound = [f"{start + at * 28_800_000},8,0.1" for at in range(good)]
    raw = read_funding_csv("".join(f"{row}\n" for row in [*sound, *["1,8,0.1"] * bad]).encode(), "f", FEBRUARY)
    audited = audit_settlements(raw, max_bad_share=0.25)
    assert audited.verdict.passed
    assert audited.settled.height == (good if bad / (bad + good) <= 0.25 else 0)
    assert audited.settled.height + audited.rejected.height == good + bad
    assert audited.verdict.counts().get("content_matches_name", 0) == bad


def test_a_rate_beyond_the_whole_position_costs_its_row_and_one_beyond_the_cap_warns() -> None:
    start = int(FEBRUARY.start.timestamp() * 1000)
    values = ["0.0001", "1", "-1", "1.0001", "-1e308", "nan"]
    lines = [f"{start + at * 28_800_000},8,{value}" for at, value in enumerate(values)]
    audited = audit_settlements(read_funding_csv("\n".join(lines).encode(), "f", FEBRUARY), max_bad_share=1)
    assert audited.settled["funding_rate"].to_list() == [0.0001, 1.0, -1.0]
    assert audited.rejected["reason"].to_list() == ["magnitude", "magnitude", "finite"]
    assert audited.verdict.counts() == {"magnitude": 2, "finite": 1, "rate_beyond_cap": 2}
