"""What the catalog says of one dataset, and what follows from it: a validated, immutable value."""

from collections.abc import Iterable

from bcdata.catalog.automation import Automation, misfits, tells_halts
from bcdata.catalog.declared import Declared, periods_of
from bcdata.catalog.gate import Period
from bcdata.catalog.names import DatasetName, parse_name
from bcdata.catalog.resample import Resample
from bcdata.errors import UsageError
from bcdata.frames.types import FrameType
from bcdata.interval import Interval
from bcdata.providers.capabilities import EndLabels, Role
from bcdata.providers.registry import SOURCES
from bcdata.venues.hours import Hours
from bcdata.windows import Window


class Dataset(Declared):
    """One dataset of the catalog. Keys and defaults: docs/reference/catalog.md."""

    @property
    def parsed(self) -> DatasetName:
        """What its name says."""
        return parse_name(self.name, self.markets)

    @property
    def hours(self) -> Hours:
        """When its market trades."""
        return self.parsed.market.hours

    @property
    def market(self) -> str:
        """The market: `spot`, `um`, `cm` or another venue's."""
        return self.parsed.market.name

    @property
    def is_perpetual(self) -> bool:
        """Whether the market's contracts pay funding."""
        return self.parsed.market.is_perpetual

    @property
    def has_funding(self) -> bool:
        """Whether its bars carry the funding of their market."""
        return self.is_perpetual and self.frame_type.joins is not None

    @property
    def frame_type(self) -> FrameType:
        """What its rows are, and what follows from it."""
        return self.parsed.frame_type

    @property
    def kind(self) -> str:
        """How names of datasets and providers call what its rows are: `klines`, `funding`, ..."""
        return self.frame_type.key

    @property
    def ends_at_raw(self) -> bool:
        """Whether its files are kept and no rows are made of them, as nothing parses its type."""
        return not self.frame_type.has_parser

    @property
    def tells_halts(self) -> bool:
        """Whether it can be told from its bars when nobody traded at the venue."""
        return tells_halts(self.parsed)

    @property
    def interval(self) -> Interval | None:
        """The length of its bars; None where its rows are none."""
        return self.parsed.interval

    @property
    def bar_interval(self) -> Interval:
        """The length of its bars.

        Raises:
            UsageError: it holds no bars.
        """
        if self.interval is None:
            raise UsageError(f"{self.name} holds {self.kind}, not bars")
        return self.interval

    @property
    def pace(self) -> Interval:
        """The interval by which its rows become due: the length of its bars, or what its frame type says."""
        return self.bar_interval if self.frame_type.pace is None else Interval.parse(self.frame_type.pace)

    @property
    def archive_has(self) -> tuple[Period, ...]:
        """The periods of which the archive has files of its kind, whichever of them the catalog has read."""
        return periods_of(self.parsed)

    def held(self, named: Window) -> Window:
        """The time in which rows of a published file may lie, by the time that it names: mostly the same."""
        labels = self._end_labels
        return labels.held(named) if labels else named

    def files_of(self, window: Window) -> Window:
        """The time that files of days name of which a window is made: mostly the same."""
        labels = self._end_labels
        return labels.files_of(window) if labels else window

    @property
    def _end_labels(self) -> EndLabels | None:
        return SOURCES[self.bulk].capabilities.labels_of(self.market, self.kind) if self.bulk else None

    def source(self, role: Role) -> str | None:
        """The first of its sources that is read in this way; None where none is."""
        return next((name for name in self.sources if SOURCES[name].role is role), None)

    @property
    def bulk(self) -> str | None:
        """The source of its files; None where it has none."""
        return self.source(Role.BULK)

    @property
    def repair(self) -> str | None:
        """The source that repairs what files lack; None where it has none."""
        return self.source(Role.REPAIR)

    def takes_part(self, kind: Automation) -> bool:
        """Whether sensors or schedules of this kind serve it: all that fit it do, unless the catalog names some."""
        if self.automation is not None:
            return kind in self.automation
        return kind not in misfits(self.parsed, self.sources, months_first=self.monthly_replaces_daily)

    @property
    def is_asked_by_windows(self) -> bool:
        """Whether all its sources are asked by windows: nothing is published as files, or repaired."""
        return self.bulk is None and self.repair is None

    def resampled(self) -> dict[str, Resample]:
        """Its coarser bars by the name of their asset: `spot_klines_4h`, `spot_klines_1h_offset_17m`."""
        return {f"{self.market}_{self.kind}_{one.suffix}": one for one in self.resample}

    def select(self, listed: Iterable[str]) -> list[str]:
        """Its symbols, sorted: those it names, or what its universe chooses out of the `listed` ones."""
        if self.universe is not None:
            return self.universe.select(listed, market=self.market)
        return sorted(self.symbols or ())
