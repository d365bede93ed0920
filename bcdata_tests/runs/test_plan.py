"""Plans: what a request comes to, and in how few ranges."""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Zone, steps
from bcdata.runs.plan import MaterializeRequest, Plan, RangeRun, make_plan, stretches

NOW = datetime(2023, 7, 4, 12, tzinfo=UTC)
known_and_wanted = st.lists(st.text("ABC", min_size=1, max_size=3), unique=True).flatmap(
    lambda known: st.tuples(st.just(known), st.sets(st.sampled_from(known)) if known else st.just(set()))
)


def plan(catalog: Catalog, **changes: Any) -> Plan:
    request: dict[str, Any] = {
        "dataset": "spot_klines_1m",
        "symbols": ("BTCUSDT",),
        "first": "2023-01",
        "last": "2023-06",
    }
    return make_plan(catalog, MaterializeRequest(**request | changes), NOW)


@given(known_and_wanted)
def test_stretches_are_the_fewest_neighbours_in_insertion_order(case: tuple[list[str], set[str]]) -> None:
    known, wanted = case
    groups = stretches(wanted, known)
    assert [symbol for group in groups for symbol in group] == [symbol for symbol in known if symbol in wanted]
    for group in groups:
        at = known.index(group[0])
        assert tuple(known[at : at + len(group)]) == group
    for before, after in pairwise(groups):
        assert known.index(after[0]) > known.index(before[-1]) + 1, "two groups could have been one"


def test_stretches_follow_dagsters_order_and_not_the_alphabet() -> None:
    assert stretches(["A", "B", "C"], ["C", "X", "B", "A"]) == [("C",), ("B", "A")]


def test_a_symbol_named_twice_is_one() -> None:
    assert stretches(["A", "A"], ["A"]) == [("A",)]


def test_an_unknown_symbol_is_named() -> None:
    with pytest.raises(UsageError, match="XXX: no such symbol"):
        stretches(["A", "XXX"], ["A"])


def test_tags_name_the_ends_in_the_order_of_the_dimensions() -> None:
    run = RangeRun(("BTCUSDT", "ETHUSDT"), ("2023-01", "2023-02"))
    assert list(run.tags.values()) == ["2023-01|BTCUSDT", "2023-02|ETHUSDT"]
    assert run.keys == {f"2023-0{month}|{symbol}USDT" for month in (1, 2) for symbol in ("BTC", "ETH")}


def test_a_plan_counts_its_partitions(packaged: Catalog) -> None:
    made = plan(packaged, symbols=("BTCUSDT", "ETHUSDT", "BTCUSDT"))
    assert made.symbols == ("BTCUSDT", "ETHUSDT")
    assert made.dates == tuple(f"2023-0{month}" for month in range(1, 7))
    assert made.partitions == 2 * 6 * len(steps(made.dataset))


def test_upstream_zones_run_first_and_the_named_one_is_included(packaged: Catalog) -> None:
    keys = ["/".join(step.key) for step in plan(packaged, until=Zone.MERGED).steps]
    assert keys == [
        "raw/binance_archive/spot_klines_1m",
        "parsed/binance_archive/spot_klines_1m",
        "raw/binance_rest/spot_klines_1m",
        "parsed/binance_rest/spot_klines_1m",
        "merged/spot_klines_1m",
    ]


def test_without_refill_nobody_asks_rest(packaged: Catalog) -> None:
    assert not any(step.provider == "binance_rest" for step in plan(packaged, refill=False).steps)


def test_settlements_come_before_the_bars_that_join_them(packaged: Catalog) -> None:
    keys = [step.key for step in plan(packaged, dataset="um_klines_1m").steps]
    assert keys.index(("merged", "um_funding")) < keys.index(("merged", "um_klines_1m"))
    assert len(keys) == len(set(keys))


def test_settlements_are_left_out_where_nothing_joins_them(packaged: Catalog) -> None:
    steps = plan(packaged, dataset="um_klines_1m", until=Zone.PARSED).steps
    assert {step.dataset for step in steps} == {"um_klines_1m"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataset": "spot_klines_1x"}, "there is no dataset"),
        ({"first": "2023-06", "last": "2023-01"}, "reversed"),
        ({"first": "2023-01-01"}, "not a date key"),
        ({"first": "2023-13"}, "not a date"),
        ({"first": "2017-07"}, "starts at 2017-08"),
        ({"last": "2023-08"}, "lies in the future; the present month is 2023-07"),
        ({"symbols": ()}, "no symbols"),
    ],
)
def test_a_request_that_cannot_be_meant_gets_one_clear_line(
    packaged: Catalog, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words) as raised:
        plan(packaged, **changes)
    assert "\n" not in str(raised.value)


def test_the_present_month_may_be_asked_for(packaged: Catalog) -> None:
    assert plan(packaged, first="2023-07", last="2023-07").dates == ("2023-07",)


def test_a_dataset_without_features_ends_at_merged(packaged: Catalog) -> None:
    assert plan(packaged, dataset="um_funding").steps[-1].zone is Zone.MERGED
