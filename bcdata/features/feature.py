"""What is known about one feature: a value that documentation, schemas, catalogs and tests are made from."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from bcdata.features.bounds import Range
from bcdata.features.parameters import LimitsOf, Parameter, ParameterError, like, limits_of, require_sense

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bcdata.features.table.grid import FloatArray, Grid

    Kernel = Callable[..., FloatArray]
    Mask = Callable[..., npt.NDArray[np.bool_]]

WarmUp = int | Callable[..., int]
RangeOf = Callable[..., Range]

NUMERICS = 2
"""Raised when what all features share (logarithms, sums of windows) gives other last bits."""

RESERVED = frozenset({"open_time", "known_at", "session", "symbol", "date"})
"""Names that a feature cannot take: columns of every feature table, and hive keys of its files."""

BAR_COLUMNS = (
    *("open", "high", "low", "close", "volume", "quote_volume", "trades"),
    *("taker_buy_volume", "taker_buy_quote_volume", "vwap", "funding_rate"),
)
"""Columns of merged bars that features may read."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
SETTLEMENTS = frozenset({"funding", "funding@reference"})
"""Inputs that are settlements, the symbol's own and the reference symbol's."""

INPUTS = frozenset(
    {
        *BAR_COLUMNS,
        *(f"{column}@reference" for column in BAR_COLUMNS),
        "close@universe",
        *SETTLEMENTS,
    }
)
"""What a feature may read: the symbol's bars; the reference symbol's at the same open; the closes of the declared
universe; and settlements, the symbol's own and the reference symbol's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the feature table: a function of a grid of bars, and what a reader must know of it.

    Attributes:
        inputs: What it reads (see `INPUTS`), and nothing else.
        warm_up: Bars before the first bar that can have a value, where none is missing. Tight: with one
            bar less there is none. As a function of the parameters where these decide.
        anchor: `day` where the definition restarts at 00:00 UTC: `warm_up` is then counted before the
            midnight at or before the bar.
        settlement_days: Days of settlements before the bar's UTC day that it reads.
        range: Bounds that no value can leave, both included, or None where there are none. As a function of the
            parameters where these decide.
        price_degree: d, where prices, and quote flows with them, times 2^k give the value times 2^(d·k);
            `volume_degree` likewise for all four flows.
        scale_tolerance: The relative error of that; 0 means the same bits.
        version: Raised whenever the numbers change by other means than a parameter.
        function: Takes the grid and the parameters by name, returns one Float64 per grid row; what is not
            defined is NaN or infinite there, and null in the table.
        distinct: So many distinct values four days of complete minutes give at least; fewer where it has levels.
        partial: It can be null on complete bars, as its documentation says; elsewhere nulls are missing bars.
        lookback: Bars before the bar whose own value of an anchored definition it reads as well.
        clipped: Where it clips: which grid rows it did clip.
        adjusted: What of stocks its prices are adjusted for: `splits`, or `all`, payments too, where it looks over
            more than one session.
        limits_of: The limits of those parameters whose limits are not the usual ones (`bcdata.features.parameters`).
    """

    name: str
    family: str
    description: str
    inputs: tuple[str, ...]
    warm_up: int
    formula: str
    source: str
    unit: str
    function: "Kernel"
    anchor: Literal["day"] | None = None
    settlement_days: int = 0
    range: Range | None = None
    parameters: tuple[tuple[str, Parameter], ...] = ()
    price_degree: float = 0.0
    volume_degree: float = 0.0
    scale_tolerance: float = 0.0
    version: int = 1
    distinct: int = 1000
    partial: bool = False
    lookback: int = 0
    clipped: "Mask | None" = None
    adjusted: Literal["splits", "all"] = "splits"
    warm_up_of: Callable[..., int] | None = None
    range_of: RangeOf | None = None
    limits_of: LimitsOf | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} cannot name a feature")
        if not self.inputs or self.warm_up < 0 or self.version < 1:
            raise ValueError(f"{self.name}: needs inputs, a warm-up of 0 or more and a version of 1 or more")
        if unknown := sorted(set(self.inputs) - INPUTS):
            raise ValueError(f"{self.name}: there is no input {', '.join(unknown)}")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError(f"{self.name}: the range {self.range} is empty")

    def values(self, grid: "Grid") -> "FloatArray":
        """The feature on every row of the grid, computed once for all that build on it."""
        return grid.shared(("feature", self.name), lambda: self.function(grid, **dict(self.parameters)))

    def reads(self, ending: str) -> bool:
        """Whether an input ends so: `@reference`, `@universe`."""
        return any(name.endswith(ending) for name in self.inputs)

    @property
    def columns(self) -> frozenset[str]:
        """The columns of bars that it reads, of its own symbol or of others: where one is null, it is null, too."""
        return frozenset(name.partition("@")[0] for name in self.inputs if name not in SETTLEMENTS)

    @property
    def bounded(self) -> bool:
        """Whether its values have bounds on both sides, so that there is nothing to winsorise."""
        return self.range is not None and all(math.isfinite(bound) for bound in self.range)

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """What each parameter that a catalog may change can be, both ends included, the others being what they are."""
        return limits_of(dict(self.parameters), self.limits_of) if self.warm_up_of else {}

    def with_parameters(self, changes: Mapping[str, Parameter]) -> "Feature":
        """The feature with other parameters, and with the warm-up and the range that follow from them.

        Args:
            changes: Values, or their texts, by parameter.

        Raises:
            ParameterError: it has no such parameter, or it cannot be that, or not together with the others.
        """
        own = dict(self.parameters)
        for name, value in changes.items():
            if name not in own:
                words = f"has no parameter {name}; it has {', '.join(own) or 'none'}"
                raise ParameterError(self.name, name, words)
            own[name] = like(own[name], value, self.name, name)
            if own[name] != dict(self.parameters)[name] and self.warm_up_of is None:
                words = "its parameters are part of its definition; choose another feature"
                raise ParameterError(self.name, name, words)
        require_sense(self.name, own, self.limits_of)
        return replace(
            self,
            parameters=tuple(sorted(own.items())),
            warm_up=self.warm_up_of(**own) if self.warm_up_of else self.warm_up,
            range=self.range_of(**own) if self.range_of else self.range,
        )


class About(TypedDict):
    """What `Family.feature` passes on to `Feature` as it stands."""

    inputs: tuple[str, ...]
    formula: str
    source: str
    unit: str
    anchor: NotRequired[Literal["day"] | None]
    settlement_days: NotRequired[int]
    price_degree: NotRequired[float]
    volume_degree: NotRequired[float]
    scale_tolerance: NotRequired[float]
    version: NotRequired[int]
    distinct: NotRequired[int]
    partial: NotRequired[bool]
    adjusted: NotRequired[Literal["splits", "all"]]
