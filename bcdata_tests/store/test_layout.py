"""Where partitions lie: any symbol makes one safe folder name, and the way back is exact."""

from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bcdata.store.layout import Partition, escape, symbol_and_date

SYMBOLS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
ZONES = st.sampled_from([("raw", "binance_archive"), ("parsed", "binance_rest"), ("merged", None), ("gaps", None)])


@given(symbol=SYMBOLS, zone=ZONES)
@example(symbol="币安人生USDT", zone=("merged", None))
@example(symbol="BTC/USDT", zone=("merged", None))
@example(symbol="..", zone=("merged", None))
@example(symbol="date=2023-01", zone=("merged", None))
@example(symbol="%2F", zone=("merged", None))
def test_a_key_tells_its_symbol_and_date(symbol: str, zone: tuple[str, str | None]) -> None:
    partition = Partition(zone[0], "spot_klines_1m", symbol, "2023-01", zone[1])
    assert symbol_and_date(partition.key()) == (symbol, "2023-01")


@given(symbol=SYMBOLS)
def test_a_symbol_is_one_safe_segment(symbol: str) -> None:
    segment = f"symbol={escape(symbol)}"
    assert PurePosixPath(f"a/{segment}/b").parts == ("a", segment, "b")
    assert all(one.isascii() and (one.isalnum() or one in "%_-=") for one in segment)


@given(one=SYMBOLS, other=SYMBOLS)
def test_two_symbols_never_share_a_folder(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


def test_keys_are_as_agreed() -> None:
    raw = Partition("raw", "spot_klines_1m", "BTCUSDT", "2023-01", "binance_archive")
    assert raw.key() == "raw/binance_archive/spot_klines_1m/symbol=BTCUSDT/date=2023-01/part-0.parquet"
    assert raw.in_zone("merged").key() == "merged/spot_klines_1m/symbol=BTCUSDT/date=2023-01/part-0.parquet"
    assert raw.in_zone("gaps").key("x") == "gaps/spot_klines_1m/symbol=BTCUSDT/date=2023-01/x"


@pytest.mark.parametrize(
    "key",
    [
        "merged/spot_klines_1m/part-0.parquet",
        "merged/symbol=A/x/date=2023-01",
        "merged/d/symbol=A/date=2023-01/date=2023-01/part-0.parquet",
        "merged/d/symbol=A/symbol=A/date=2023-01/part-0.parquet",
        "merged/d/symbol=A/date=2023-01/symbol=A/date=2023-01/part-0.parquet",
        "merged/d/symbol=%41/date=2023-01/part-0.parquet",
        "merged/d/symbol=A B/date=2023-01/part-0.parquet",
        "merged/d/symbol=A/date=2023-01/old/part-0.parquet",
        "merged/d/symbol=A/date=foo/part-0.parquet",
        "merged/d/symbol=A/date=2023-1/part-0.parquet",
        "merged/d/symbol=A/date=2023-13/part-0.parquet",
        "merged/d/symbol=A/date=2023-01-32/part-0.parquet",
        "merged/d/symbol=A/date=2023-01%20/part-0.parquet",
        "symbol=A",
        "",
    ],
)
def test_what_is_no_partition_is_none(key: str) -> None:
    assert symbol_and_date(key) is None
