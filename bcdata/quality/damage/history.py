"""Bars of a symbol with its splits and payments beside them, as arrays in order of time. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.actions.table import OF_SHARES

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]
_PRICES = ("open", "high", "low", "close")
_LONG = np.timedelta64(5, "D")
"""Bars that are this far from each other hold several sessions."""
_LARGEST_MOVE = 1.0
_LEAST_SPREAD = 0.005
"""Moves of prices that hardly trade have no spread of their own."""


@dataclass(frozen=True, slots=True)
class History:
    """Bars by time, those with a price alone; `rows` are their places in the frame that was given.

    Attributes:
        factor: the adjusted close over the close; NaN where there is none.
        cash: what was paid, a share, in the unit of prices, beside the first bar without it.
        gains: capital gains, the same.
        splits: days and new shares for each old one.
        is_traded: false where nothing was traded, and the bar is the last price carried on.
        is_long: whether bars hold several sessions, and payments therefore cannot be told from what else moved.
    """

    rows: npt.NDArray[np.int64]
    days: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    factor: Floats
    cash: Floats
    gains: Floats
    splits: tuple[tuple[np.datetime64, float], ...]
    is_traded: Bools
    is_long: bool

    @classmethod
    def of(cls, bars: pl.DataFrame, actions: pl.DataFrame) -> "History":
        """The history of one symbol.

        Args:
            bars: `at`, `day`, prices, `volume` and, where the provider has it, `adjusted_close`.
            actions: `kind`, `ex_session`, `ratio`, `amount`, of the same symbol and basis.
        """
        known = bars.with_row_index("row").filter(pl.col("close").is_finite() & (pl.col("close") > 0)).sort("at")
        prices = {name: known[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in _PRICES}
        close = prices["close"]
        # A price of 0 stands for none.
        prices = {name: np.where(np.isfinite(one) & (one > 0), one, close) for name, one in prices.items()}
        adjusted = known["adjusted_close"] if "adjusted_close" in known.columns else pl.Series([None] * known.height)
        days = known["day"].to_numpy().astype("datetime64[D]")
        steps = np.diff(days)
        is_long = bool(steps.size and np.median(steps) >= _LONG)
        shares = actions.filter(pl.col("kind").is_in(OF_SHARES))
        ratios = zip(shares["ex_session"].to_numpy().astype("datetime64[D]"), shares["ratio"].to_list(), strict=True)
        return cls(
            rows=known["row"].cast(pl.Int64).to_numpy(),
            days=days,
            **prices,
            factor=adjusted.cast(pl.Float64).fill_null(np.nan).to_numpy() / close,
            cash=_beside(days, actions.filter(pl.col("kind").is_in(["cash", "special"])), is_long=is_long),
            gains=_beside(days, actions.filter(kind="capital_gain"), is_long=is_long),
            splits=tuple((ex, ratio) for ex, ratio in ratios if ratio and np.isfinite(ratio) and ratio > 0),
            is_traded=_traded(prices, known["volume"].cast(pl.Float64).fill_null(0).to_numpy()),
            is_long=is_long,
        )

    @property
    def shrinks(self) -> Floats:
        """What share of the price the adjusted close takes off before each bar; NaN where that is not known."""
        taken = np.full(self.close.size, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            taken[1:] = 1 - self.factor[:-1] / self.factor[1:]
        return taken


def spread(moves: Floats) -> float:
    """The standard deviation of moves without their outliers, and without leaps, of which there may be many."""
    sound = moves[np.abs(moves) < _LARGEST_MOVE]
    if not sound.size:
        return _LEAST_SPREAD
    low, middle, high = np.quantile(sound, [0.1, 0.5, 0.9])
    return float(max(1.4826 * np.median(np.abs(sound - middle)), (high - low) / 2.563, _LEAST_SPREAD))


def _traded(prices: dict[str, Floats], volume: Floats) -> Bools:
    """Bars with a price of their own. Where no bar at all has a volume, as of funds, all are."""
    is_flat = np.maximum.reduce([*prices.values()]) == np.minimum.reduce([*prices.values()])
    return np.asarray(~((volume == 0) & is_flat & bool((volume > 0).any())), np.bool_)


def _beside(days: Days, paid: pl.DataFrame, *, is_long: bool) -> Floats:
    """What is paid, at the first bar from its day on; at the bar that its day lies in, where bars are long."""
    beside = np.zeros(days.size)
    for ex, amount in zip(paid["ex_session"].to_numpy().astype("datetime64[D]"), paid["amount"].to_list(), strict=True):
        row = int(days.searchsorted(ex, "right")) - 1 if is_long else int(days.searchsorted(ex))
        if 0 <= row < days.size and amount and np.isfinite(amount) and (row or days[0] == ex):
            beside[row] += amount
    return beside
