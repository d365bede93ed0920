"""Lies about a day of genuine minutes: another symbol's, scaled, swapped, shifted and stale bars."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from bcdata.frames.schema import BAR

PRICES = ("open", "high", "low", "close")
BASE, QUOTE = ("volume", "taker_buy_volume"), ("quote_volume", "taker_buy_quote_volume")
VALUES = [name for name in BAR.names() if name != "open_time"]
_MINUTE = pl.col("open_time").dt.hour().cast(pl.Int32) * 60 + pl.col("open_time").dt.minute()


@dataclass(frozen=True, slots=True)
class Genuine:
    """A symbol's minutes, another symbol's, and the day that is lied about."""

    bars: pl.DataFrame
    other: pl.DataFrame
    day: date

    @property
    def today(self) -> pl.DataFrame:
        """The day's genuine bars."""
        return self.bars.filter(pl.col("open_time").dt.date() == self.day)


Lie = Callable[[Genuine], pl.DataFrame]


def _replaced(bars: pl.DataFrame, by: pl.DataFrame, where: pl.Expr | None = None) -> pl.DataFrame:
    """The bars with the values of others of the same minutes, in some rows."""
    joined = bars.join(by.select("open_time", *VALUES), on="open_time", how="left", suffix="_by", maintain_order="left")
    chosen = pl.lit(value=True) if where is None else where
    values = [
        pl.when(chosen & pl.col(f"{name}_by").is_not_null()).then(f"{name}_by").otherwise(name).alias(name)
        for name in VALUES
    ]
    return joined.select("open_time", *values)


def _scaled(bars: pl.DataFrame, factors: dict[str, float]) -> pl.DataFrame:
    return bars.with_columns(**{name: (pl.col(name) * by).cast(BAR[name]) for name, by in factors.items()})


def _at_price_of(one: Genuine, factor: float) -> pl.DataFrame:
    """The other symbol's minutes of the day, scaled to the price of this one."""
    mine, other = one.today["close"].mean(), one.other.filter(pl.col("open_time").dt.date() == one.day)["close"].mean()
    assert isinstance(mine, float)
    assert isinstance(other, float)
    by = factor * mine / other
    return _scaled(one.other, {**dict.fromkeys((*PRICES, *QUOTE), by)})


def _other(one: Genuine, where: pl.Expr | None = None, *, near: bool = False) -> pl.DataFrame:
    return _replaced(one.today, _at_price_of(one, 1.15) if near else one.other, where)


def _moved(one: Genuine, by: timedelta) -> pl.DataFrame:
    """The values of a while later (or earlier) under the day's opens."""
    return _replaced(one.today, one.bars.with_columns(pl.col("open_time") - by))


def _of(price: float, base: float, quote: float) -> Lie:
    factors = {**dict.fromkeys(PRICES, price), **dict.fromkeys(BASE, base), **dict.fromkeys(QUOTE, quote)}
    return lambda one: _scaled(one.today, factors)


def _swapped(one: Genuine) -> pl.DataFrame:
    pairs = zip((*BASE, *QUOTE), (*QUOTE, *BASE), strict=True)
    return one.today.with_columns(**{name: pl.col(other) for name, other in pairs})


LIES: dict[str, Lie] = {
    "another symbol, day": _other,
    "another symbol, half a day": lambda one: _other(one, _MINUTE.is_between(360, 1079)),
    "another symbol, one row": lambda one: _other(one, pl.lit(700) == _MINUTE),
    "another symbol, an hour": lambda one: _other(one, _MINUTE.is_between(600, 659)),
    "near price, day": lambda one: _other(one, near=True),
    "near price, half a day": lambda one: _other(one, _MINUTE.is_between(360, 1079), near=True),
    "near price, one row": lambda one: _other(one, pl.lit(700) == _MINUTE, near=True),
    "near price, an hour": lambda one: _other(one, _MINUTE.is_between(600, 659), near=True),
    "price and quote x10": _of(10, 1, 10),
    "price and both x10": _of(10, 10, 10),
    "price x10": _of(10, 1, 1),
    "base x10": _of(1, 10, 1),
    "both volumes x10": _of(1, 10, 10),
    "swapped": _swapped,
    "next hour": lambda one: _moved(one, timedelta(hours=1)),
    "shifted a minute": lambda one: _moved(one, timedelta(minutes=1)),
    "day before": lambda one: _moved(one, timedelta(days=-1)),
    "30 days before": lambda one: _moved(one, timedelta(days=-30)),
    "one row's quote cut": lambda one: one.today.with_columns(
        quote_volume=pl.when(pl.lit(700) == _MINUTE).then(pl.col("quote_volume") / 1000).otherwise("quote_volume")
    ),
}
