"""What providers are and can do, as values: importable without polars, and nothing is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from bcdata.frames.columns import BAR_COLUMNS
from bcdata.frames.types import BARS
from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.venues.market import Market
from bcdata.windows import Window

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.folder import FolderFormat


_DAY = timedelta(days=1)


class Role(StrEnum):
    """How a source is read."""

    BULK = "bulk"
    """Published files of a day or a month, listed and fetched whole (`BulkSource`)."""
    REPAIR = "repair"
    """Pages that are asked for what a bulk source lacks, and weighed against its files; alone, for everything."""
    WINDOW = "window"
    """Pages by window of time (`WindowSource`)."""


@dataclass(frozen=True, slots=True)
class EndLabels:
    """That rows in files of a kind bore the end of their time as their label, and since when they bear its start.

    What ends at midnight may stand in the file of the day that begins then, or in that of the day that ends.

    Attributes:
        market: whose files.
        kind: the type of datasets.
        length: of the time that a row is of.
        until: the midnight (UTC) from which on labels are starts. It is there as an end and as a start.
    """

    market: str
    kind: str
    length: timedelta
    until: datetime

    def held(self, named: Window) -> Window:
        """The time in which rows of a file may lie, by the time that it names."""
        return Window(named.start - self.length if named.start <= self.until else named.start, named.end)

    def files_of(self, window: Window) -> Window:
        """The time that files of days name which may hold rows of a window, or tell what its first label means."""
        start = window.start - _DAY if window.start == self.until else window.start
        return Window(start, window.end + _DAY if window.end <= self.until else window.end)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a provider's plan allows.

    Attributes:
        name: as the provider calls it, lower case.
        may_be_kept: whether its terms let the data be kept in files.
        terms: the clause that this rests on, in a line.
        depth: how far back from now it reaches; None where it has all.
        delay: how long after its end a bar can be had.
        intervals: of bars; None where it has all of the source's.
        symbols_a_month: how many different symbols may be asked for in a calendar month; None where any number.
    """

    name: str
    may_be_kept: bool = True
    terms: str = ""
    depth: timedelta | None = None
    delay: timedelta = timedelta()
    intervals: tuple[str, ...] | None = None
    symbols_a_month: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do.

    Attributes:
        markets: the markets that it serves, by name.
        types: types of markets that the catalog declares, of which it serves any: `stock`, `etf`, `forex`, ...
        kinds: types of datasets.
        intervals: of bars, shortest first; empty where it has all of its markets'.
        columns: of canonical bars, those that it fills; `vwap` among them where it states its own. Others are null.
        lacks: columns that it does not fill in markets of a type, by its name: there is no volume of currencies.
        depth_bars: how many of the latest bars it has; None where it has all.
        on_the_clock: lengths of bars that begin at whole multiples of themselves, where sessions of stocks do not.
        depths: how far back from now bars reach, by their interval; all the way where it is not named.
        page_rows: rows of one page, at most; None where pages have no bound.
        order: in which order rows come.
        omits_empty: whether it leaves out bars in which nothing was traded.
        keys: where its keys are read and how they are sent; empty where it needs none.
        may_be_kept: whether its terms let the data be kept.
        end_labels: the kinds of its files whose rows were labelled by their ends.
        tape: whose trades its bars are made of: sources of another tape do not fill what it lacks.
        tapes: where that depends on the interval, by its name.
        precision: by which share its prices are rounded; 0 where they are sent as they were made.
    """

    markets: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    kinds: tuple[str, ...] = (BARS.key,)
    intervals: tuple[str, ...] = ()
    columns: frozenset[str] = BAR_COLUMNS
    lacks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    depth_bars: int | None = None
    on_the_clock: frozenset[str] = frozenset()
    depths: Mapping[str, timedelta] = field(default_factory=dict)
    page_rows: int | None = None
    order: Literal["ascending", "descending"] = "ascending"
    omits_empty: bool = False
    keys: tuple[Key, ...] = ()
    may_be_kept: bool = True
    end_labels: tuple[EndLabels, ...] = ()
    tape: str = ""
    tapes: Mapping[str, str] = field(default_factory=dict)
    precision: float = 0.0

    def serves(self, market: Market) -> bool:
        """Whether it has a market: by its name, or by the type of one that the catalog declares."""
        return market.name in self.markets or (market.is_declared and market.type in self.types)

    def columns_in(self, market: Market) -> frozenset[str]:
        """The columns of canonical bars that it fills in a market."""
        return self.columns - self.lacks.get(market.type, frozenset()) if market.is_declared else self.columns

    def tape_of(self, interval: str | None) -> str:
        """Whose trades bars of this interval are made of."""
        return self.tapes.get(interval or "", self.tape)

    def labels_of(self, market: str, kind: str) -> EndLabels | None:
        """Until when rows in files of a kind were labelled by their ends; None where they never were."""
        return next((one for one in self.end_labels if (one.market, one.kind) == (market, kind)), None)


@dataclass(frozen=True, slots=True)
class Source:
    """One way to get a provider's data.

    Attributes:
        name: `<provider>_<how>`, as in asset keys, `source` columns and the catalog.
        role: how it is read.
        capabilities: what it can do.
        urls: gives its base addresses by name, out of the environment; read afresh each time.
        open: makes its client on an HTTP client, at base addresses by name. Imports what it needs only then.
        limits: the rates that it allows at base addresses by name.
        format: gives how its bytes are read, and imports what it needs only then: a `BulkFormat` where it has files, a
            `PageFormat` where it repairs. None for sources that are asked by windows, whose clients read their pages.
        folders: by the name of a format, how files of this source are read in a folder that a user has of them: gives a
            `FolderFormat`, and imports what it needs only then.
        hindrance: why it cannot be asked on this machine, with the fix; None where it can.
        plan: the plan that is paid for; None where the provider has none.
        on_plan: gives the same source on another plan, by its name.
    """

    name: str
    role: Role
    capabilities: Capabilities
    urls: Callable[[], Mapping[str, str]]
    open: "Callable[[HttpClient, Mapping[str, str]], Any]"
    limits: Callable[[Mapping[str, str]], tuple[Budget, ...]] = lambda _: ()
    format: Callable[[], Any] | None = None
    hindrance: Callable[[], str | None] = lambda: None
    folders: "Mapping[str, Callable[[], FolderFormat]]" = field(default_factory=dict)
    plan: Plan | None = None
    on_plan: "Callable[[str], Source] | None" = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: its sources, the markets that it brings, and its settings.

    Attributes:
        name: lower case, letters, digits and `_`.
        sources: in the order in which they are to be asked.
        markets: the markets that only this provider has.
        settings: the class of its settings (`LayeredSettings`), shown by `bcdata config`; None where it has none.
        gives_way: whether it leaves a market to any other provider that brings one of the same name.
    """

    name: str
    sources: tuple[Source, ...]
    markets: tuple[Market, ...] = ()
    settings: type[Any] | None = field(default=None)
    gives_way: bool = False
