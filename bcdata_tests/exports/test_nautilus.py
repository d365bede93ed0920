"""The fixed-point numbers of NautilusTrader's catalog."""

from decimal import Decimal

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import UsageError
from bcdata.exports.files import export
from bcdata.exports.layouts.nautilus import _decimals, _fixed
from bcdata_tests.exports.lake import HOURS, ExportLake


def test_nautilus_numbers_are_exact_and_of_the_fewest_decimals(lake: ExportLake) -> None:
    closes = [0.1, 1234567.25, 3e-7]
    lake.publish(HOURS, closes=closes, volume=0.1 + 0.2)
    list(export(HOURS, "BTCUSDT", None, None, out=lake.out, form="nautilus", **lake.where))  # type: ignore[arg-type]
    [path] = lake.out.rglob("*.parquet")
    table = pq.read_table(path)
    known = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert known == {
        "bar_type": "BTCUSDT.BINANCE-1-HOUR-LAST-EXTERNAL", "instrument_id": "BTCUSDT.BINANCE",
        "price_precision": "7", "size_precision": "8",
    }  # fmt: skip
    raw = [int.from_bytes(one, "little", signed=True) for one in table["close"].to_pylist()]
    assert raw == [10**15, 1234567_25 * 10**14, 3 * 10**9]
    assert {int.from_bytes(one, "little") for one in table["volume"].to_pylist()} == {3 * 10**15}
    assert [str(one.type) for one in table.schema] == ["fixed_size_binary[16]"] * 5 + ["uint64"] * 2


@given(
    st.lists(st.floats(1e-9, 1e9).map(lambda one: float(f"{one:.17g}")), min_size=1, max_size=5),
    st.integers(0, 8),
)
def test_nautilus_prices_are_the_decimals_that_floats_are_written_as(drawn: list[float], places: int) -> None:
    """Both those of exchanges, with few places, and any other."""
    for prices in ([round(one, places) for one in drawn], drawn):
        digits = _decimals(pl.Series(prices), 16)
        raw = [int.from_bytes(one, "little", signed=True) for one in _fixed(pl.Series(prices), digits).to_pylist()]
        exact = [Decimal(repr(one)) for one in prices]
        assert raw == [round(one * 10**digits) * 10 ** (16 - digits) for one in exact]
        needed = max(max(0, -int(one.normalize().as_tuple().exponent)) for one in exact)
        assert digits == min(16, needed)


def test_a_volume_that_nautilus_cannot_hold_is_said(lake: ExportLake) -> None:
    lake.publish(HOURS, volume=1e14)
    with pytest.raises(UsageError, match="a volume of BTCUSDT is 100,000,000,000,000, and nautilus holds"):
        list(export(HOURS, "BTCUSDT", None, None, out=lake.out, form="nautilus", **lake.where))  # type: ignore[arg-type]
