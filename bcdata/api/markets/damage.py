"""Damage in bars and actions of one's own: what contradicts itself, by name."""

from datetime import UTC, datetime
from typing import Any, Literal, get_args

import polars as pl

from bcdata.actions.factors import after, factors
from bcdata.actions.table import ACTIONS, OF_CASH
from bcdata.actions.view import adjust
from bcdata.api.markets.given import KEYS, actions_of, frame_of
from bcdata.errors import UsageError
from bcdata.quality.damage.found import damage

Basis = Literal["splits", "none"]
_NEEDED: dict[str, type[pl.DataType]] = {**KEYS, "close": pl.Float64}
_PRICES = ("open", "high", "low")
_READ = (*_NEEDED, *_PRICES, "volume", "open_time", "adjusted_close")
_EVER = datetime(9999, 1, 1, tzinfo=UTC)


def find_damage(bars: Any, actions: Any = None, *, adjusted: Basis = "splits") -> pl.DataFrame:
    """What contradicts itself in bars and the actions beside them: damage that data of providers has in practice.

    `unit_jump`: prices leap by a power of ten from a hundred on, or far and back. `missing_split`: by the ratio of a
    split that some of them have not. `dividend_size`: a payment and the adjusted close, the price or the other payments
    contradict each other, or it is told of twice. `double_count`: capital gains are taken off as dividends, too.
    Nothing is repaired.

    Args:
        bars: a frame with `symbol`, `session` (its label) and `close`; `open`, `high`, `low`, `volume`, `open_time` (of
            bars within the day) and `adjusted_close`, the provider's own, as far as they are there: with all of them
            more is found.
        actions: as in `bcdata.adjust`; `amount` in the unit of the prices. None if nothing is known of any: then
            adjusted closes are not looked at; a frame without rows says that there are none.
        adjusted: how bars and amounts stand: adjusted for all `splits`, as Yahoo sends them, or for `none`, as the lake
            has them.

    Returns:
        `symbol`, `session`, `open_time` where the bars have it, `rule` and `words`, a row for each bar and rule.

    Raises:
        UsageError: a column is not there, or holds something else.

    Warns:
        MissingDataWarning: two sources differ about an action by more than a hundredth.

    Examples:
        >>> from datetime import date
        >>> days = pl.date_range(date(2024, 1, 1), date(2024, 1, 5), eager=True)
        >>> bars = pl.DataFrame({"symbol": "A", "session": days, "close": [71.0, 70.5, 0.7, 71.2, 71.5]})
        >>> bcdata.find_damage(bars)["rule"].to_list()
        ['unit_jump', 'unit_jump']
    """
    if adjusted not in get_args(Basis):
        raise UsageError(f"`adjusted` is {adjusted!r}; it is one of {', '.join(get_args(Basis))}")
    given = frame_of("bars", bars, _NEEDED)
    rows = given.select(name for name in _READ if name in given.columns)
    known = actions_of(actions) if actions is not None else pl.DataFrame(schema=ACTIONS)
    if actions is None:
        rows = rows.drop("adjusted_close", strict=False)
    if adjusted == "none":
        rows, known = _in_new_shares(rows, known)
    at = "open_time" if "open_time" in rows.columns else "session"
    absent = [pl.col("close").alias(name) for name in _PRICES if name not in rows.columns]
    volume = [pl.lit(None, pl.Float64).alias("volume")] if "volume" not in rows.columns else []
    told = rows.with_columns(*absent, *volume, at=pl.col(at), day=pl.col("session"))
    names = ["symbol", "session", *([at] if at == "open_time" else [])]
    found = [_of(own, known.filter(symbol=symbol), names) for (symbol,), own in told.group_by("symbol")]
    nothing = rows.clear().select(names).with_columns(rule=pl.lit(None, pl.String), words=pl.lit(None, pl.String))
    return pl.concat([nothing, *found]).sort(*names, "rule")


def _of(bars: pl.DataFrame, actions: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    found = damage(bars, actions)
    return pl.concat([bars[found["row"]].select(names), found.select("rule", "words")], how="horizontal")


def _in_new_shares(rows: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars and amounts in the shares after all splits. A payment of a split's own session is one of a new share."""
    splits = factors(known.filter(~pl.col("kind").is_in(OF_CASH)), rows.select("symbol", "session", "close"))
    later = after(splits, known.select("symbol", session="ex_session"))["price_factor"]
    return adjust(rows, splits, "splits", _EVER), known.with_columns(amount=pl.col("amount") * later)
