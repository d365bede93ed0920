"""The table of frame types: what rows of a dataset are, by the word in its name. Free of heavy imports.

What is computed for a type stands in `bcdata.pipeline.frame_types`, by what its rows are; the schemas of its rows in
`bcdata.frames.schema`. Nothing else asks which type a dataset is of: it asks for one of these properties.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from bcdata.frames.columns import BAR_COLUMNS, METRIC_VALUES, PRICES

Rows = Literal["bars", "settlements", "metrics", "actions"]
"""What rows are: types whose rows are the same share schemas, rules and functions."""


@dataclass(frozen=True, slots=True)
class FrameType:
    """One row of the table.

    Attributes:
        key: the word in names of datasets, and how providers are asked for the type.
        rows: what its rows are, in words for people too; None where nothing parses its files, which are kept in raw.
        time: the column of a row's time; empty without rows.
        pace: the interval by which rows become due; None where a dataset's name states it.
        is_regular: whether a row is expected at each step of that interval. Of others their neighbours alone tell.
        derived: the zones that may be made of its merged rows.
        periods: of which files are published; longer rows than a day are in those of months alone.
        early: how far before its own time files may hold a row of a partition; zero where a file has what it names.
        joins: the key of the type whose merged rows of the same market and symbol are joined to these; None for none.
        joinable: the columns that `load` joins to bars of the same contract where it is asked to; empty for none.
        columns: of bars, those that they have; the others are null, whatever a file says.
        is_signed: whether prices may be zero and negative: then no ratio of two of them means anything.
        adjusts_bars: whether rows tell what bars of the same market are adjusted for.
        names_pairs: whether symbols are those of pairs, which need not be the symbol of a contract.
    """

    key: str
    rows: Rows | None
    time: str
    pace: str | None
    is_regular: bool
    derived: frozenset[str]
    periods: tuple[Literal["daily", "monthly"], ...]
    early: timedelta = timedelta()
    joins: str | None = None
    joinable: tuple[str, ...] = ()
    columns: frozenset[str] = BAR_COLUMNS
    is_signed: bool = False
    names_pairs: bool = False
    adjusts_bars: bool = False

    @property
    def has_interval(self) -> bool:
        """Whether a dataset's name states the length of its rows, which are labelled by their open then."""
        return self.pace is None

    def filled(self, columns: frozenset[str]) -> frozenset[str]:
        """Of the columns that a source fills, `vwap` among them where it states its own, those that the type has."""
        lacking = BAR_COLUMNS - self.columns
        return columns - lacking - ({"vwap"} if lacking else set())

    @property
    def joined_time(self) -> str:
        """What the time of its rows is called beside bars that they are joined to."""
        return f"{self.key}_time"

    @property
    def has_parser(self) -> bool:
        """Whether rows are made of its files; datasets of other types end at raw."""
        return self.rows is not None


_OF_PRICES = frozenset({"features", "reports", "seasonality", "labels", "resampled"})

SETTLEMENTS = FrameType(
    "funding",
    rows="settlements",
    time="time",
    pace="1h",
    is_regular=False,
    derived=frozenset(),
    periods=("monthly",),
    # By some milliseconds a settlement may stand in the file of the month before its own.
    early=timedelta(days=1),
)
"""Funding that perpetual contracts pay: irregular in time, at full hours."""
BARS = FrameType(
    "klines",
    rows="bars",
    time="open_time",
    pace=None,
    is_regular=True,
    derived=_OF_PRICES,
    periods=("daily", "monthly"),
    joins=SETTLEMENTS.key,
)
"""Bars of trades."""


def _computed(key: str, derived: frozenset[str], *, is_signed: bool = False, names_pairs: bool = False) -> FrameType:
    """Bars of a price that is computed and not traded: nothing but prices."""
    return FrameType(
        key,
        rows="bars",
        time="open_time",
        pace=None,
        is_regular=True,
        derived=derived,
        periods=("daily", "monthly"),
        columns=frozenset(PRICES),
        is_signed=is_signed,
        names_pairs=names_pairs,
    )


MARKS = _computed("mark_klines", _OF_PRICES)
"""Bars of the price at which contracts are valued."""
INDICES = _computed("index_klines", _OF_PRICES, names_pairs=True)
"""Bars of the price of a pair on several spot exchanges."""
PREMIUMS = _computed("premium_klines", frozenset({"resampled"}), is_signed=True)
"""Bars of the distance of a contract's price from the index, as a share of this."""


METRICS = FrameType(
    "metrics",
    rows="metrics",
    time="time",
    pace="5m",
    is_regular=True,
    derived=frozenset(),
    periods=("daily",),
    joinable=METRIC_VALUES,
)
"""Open interest and ratios of long to short of contracts, every five minutes, labelled by their start."""


ACTIONS = FrameType(
    "actions",
    rows="actions",
    time="time",
    pace="1d",
    is_regular=False,
    derived=frozenset(),
    periods=(),
    adjusts_bars=True,
)
"""Splits, dividends and what else companies do to their shares, by the ex-date; `time` is its midnight, UTC."""


def _without_parser(key: str, *periods: Literal["daily", "monthly"]) -> FrameType:
    """A type whose files are listed, fetched and verified, and read by nobody yet."""
    return FrameType(key, rows=None, time="", pace="1d", is_regular=False, derived=frozenset(), periods=periods)


_KEPT_ONLY = (
    _without_parser("trades", "daily", "monthly"),
    _without_parser("agg_trades", "daily", "monthly"),
    _without_parser("book_depth", "daily"),
    _without_parser("book_ticker", "daily", "monthly"),
    _without_parser("liquidation_snapshot", "daily"),
    _without_parser("bvol_index", "daily"),
    _without_parser("eoh_summary", "daily"),
)

FRAME_TYPES: dict[str, FrameType] = {
    one.key: one for one in (BARS, SETTLEMENTS, MARKS, INDICES, PREMIUMS, METRICS, ACTIONS, *_KEPT_ONLY)
}
"""All frame types by their key."""
