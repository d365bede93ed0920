"""What the catalog says of one dataset: a validated, immutable value."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from bcdata.catalog.automation import Automation, AutomationName, misfits, tells_halts
from bcdata.catalog.features import Features, FeatureSet, Labels, require_near
from bcdata.catalog.fields import Section, SourceName, Symbol, Unique, refusal
from bcdata.catalog.gate import Period, Publication, Quality
from bcdata.catalog.names import DatasetName, parse_name
from bcdata.catalog.resample import Resample, Resampled
from bcdata.catalog.sources import complaint
from bcdata.catalog.universe import Universe
from bcdata.errors import UsageError
from bcdata.frames.types import FrameType
from bcdata.intervals import Interval
from bcdata.providers.capabilities import EndLabels, Role
from bcdata.providers.registry import SOURCES
from bcdata.windows import Grain, Window

_FIRST_YEAR, _LAST_YEAR = "1970", "2100"


def _periods(name: DatasetName) -> tuple[Period, ...]:
    """What the archive has: rows longer than a day are in files of months alone."""
    is_long = name.interval is not None and not name.interval.fits_a_day
    return tuple(period for period in name.frame_type.periods if period == "monthly" or not is_long)


class Dataset(Section):
    """One dataset of the catalog. Keys and defaults: docs/reference/catalog.md."""

    # The order matters: a field's validator sees the fields before it.
    name: str
    grain: Grain
    start: str
    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1), Unique] | None = None
    universe: Universe | None = Field(default=None, validate_default=True)
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1), Unique]
    calendar: Literal["24/7"] = "24/7"
    archive: Annotated[tuple[Period, ...], Field(min_length=1), Unique] = Field(
        default_factory=lambda values: _periods(parse_name(values["name"]))
    )
    monthly_replaces_daily: bool = False
    publication: Publication = Publication()
    quality: Quality = Quality()
    features: Features = Field(default_factory=lambda values: _features(values["name"]))
    labels: Labels | None = None
    resample: Annotated[tuple[Resampled, ...], Unique] = ()
    automation: Annotated[tuple[AutomationName, ...], Unique] | None = None

    @property
    def market(self) -> str:
        """The market: `spot`, `um`, `cm` or another venue's."""
        return parse_name(self.name).market.name

    @property
    def is_perpetual(self) -> bool:
        """Whether the market's contracts pay funding."""
        return parse_name(self.name).market.is_perpetual

    @property
    def has_funding(self) -> bool:
        """Whether its bars carry the funding of their market."""
        return self.is_perpetual and self.frame_type.joins is not None

    @property
    def frame_type(self) -> FrameType:
        """What its rows are, and what follows from it."""
        return parse_name(self.name).frame_type

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
        return tells_halts(parse_name(self.name))

    @property
    def interval(self) -> Interval | None:
        """The length of its bars; None where its rows are none."""
        return parse_name(self.name).interval

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
        return _periods(parse_name(self.name))

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
        return kind not in misfits(parse_name(self.name), self.sources, months_first=self.monthly_replaces_daily)

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

    @field_validator("name")
    @classmethod
    def _name_has_a_meaning(cls, name: str) -> str:
        try:
            parse_name(name)
        except UsageError as error:
            raise refusal(str(error)) from None
        return name

    @field_validator("grain")
    @classmethod
    def _grain_holds_a_bar(cls, grain: Grain, info: ValidationInfo) -> Grain:
        name = _name(info)
        interval = name.interval if name else None
        if grain is Grain.DAY and interval and not interval.fits_a_day:
            raise refusal(f"a day cannot hold a bar of {interval.name}; write month")
        return grain

    @field_validator("start")
    @classmethod
    def _start_is_a_date_key(cls, start: str, info: ValidationInfo) -> str:
        grain: Grain | None = info.data.get("grain")
        if grain is None:
            return start
        try:
            grain.window(start)
        except UsageError as error:
            raise refusal(str(error)) from None
        if not _FIRST_YEAR <= start[:4] <= _LAST_YEAR:
            raise refusal(f"{start!r} lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return start

    @field_validator("symbols")
    @classmethod
    def _symbols_suit_the_market(cls, symbols: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        name = _name(info)
        for index, symbol in enumerate(symbols or ()):
            if name and not name.market.writes(symbol):
                words = f"the {name.market.name} market has no symbols like {symbol!r}"
                raise refusal(f"{words}; write {name.market.reference}", index)
        return symbols

    @field_validator("universe")
    @classmethod
    def _symbols_or_universe(cls, universe: Universe | None, info: ValidationInfo) -> Universe | None:
        if "symbols" in info.data and (universe is None) == (info.data["symbols"] is None):
            which = "is needed" if universe is None else "is allowed, not both"
            raise refusal(f"one of `symbols` and `universe` {which}")
        name = _name(info)
        if universe and universe.contracts and name and not name.market.is_perpetual:
            raise refusal(f"the {name.market.name} market has no contracts; leave this rule out", "contracts")
        return universe

    @field_validator("sources")
    @classmethod
    def _sources_serve_the_market(cls, sources: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        name = _name(info)
        for index, source in enumerate(sources):
            if name and (problem := complaint(name, source)):
                raise refusal(problem, index)
        if info.data.get("universe") and all(SOURCES[source].role is Role.WINDOW for source in sources):
            raise refusal(f"{sources[0]} lists no symbols that a universe could choose from; name them in `symbols`")
        return sources

    @field_validator("archive")
    @classmethod
    def _archive_has_such_files(cls, archive: tuple[Period, ...], info: ValidationInfo) -> tuple[Period, ...]:
        name = _name(info)
        for index, period in enumerate(archive):
            if name and period not in _periods(name):
                raise refusal(f"the archive has no {period} files of this dataset; write {_periods(name)[0]}", index)
        return archive

    @field_validator("monthly_replaces_daily")
    @classmethod
    def _has_months_and_days(cls, replaces: bool, info: ValidationInfo) -> bool:
        has_both = {"daily", "monthly"} <= set(info.data.get("archive", ("daily", "monthly")))
        if replaces and not (has_both and info.data.get("grain") in {Grain.MONTH, None}):
            raise refusal("months replace days only where the grain is month and the archive has files of both")
        return replaces

    @field_validator("features")
    @classmethod
    def _features_need_bars(cls, features: FeatureSet | None, info: ValidationInfo) -> FeatureSet | None:
        name = _name(info)
        if features and name and "features" not in name.frame_type.derived:
            raise refusal(f"features are computed from bars; {name.frame_type.key} has none")
        symbols = info.data.get("symbols")
        for at, symbol in features.others if features else ():
            if name and not name.market.writes(symbol):
                raise refusal(f"the {name.market.name} market has no symbols like {symbol!r}", *at)
            if symbols and symbol not in symbols:
                raise refusal(f"{symbol} is not among the dataset's `symbols`: its bars would never come", *at)
        if features and name and name.interval:
            features.require_sense(name.interval)
        return features.of(name.frame_type) if features and name else features

    @field_validator("labels")
    @classmethod
    def _labels_need_bars(cls, labels: Labels | None, info: ValidationInfo) -> Labels | None:
        name = _name(info)
        if labels and name and "labels" not in name.frame_type.derived:
            raise refusal(f"labels are computed from bars; {name.frame_type.key} has none")
        if labels and name and name.interval:
            require_near(max(labels.horizons), name.interval, "labels look ahead")
        return labels

    @field_validator("resample")
    @classmethod
    def _coarser_bars_are_made_of_these(
        cls, resample: tuple[Resample, ...], info: ValidationInfo
    ) -> tuple[Resample, ...]:
        name = _name(info)
        if resample and name and "resampled" not in name.frame_type.derived:
            raise refusal(f"coarser bars are made of bars; {name.frame_type.key} has none")
        for index, one in enumerate(resample):
            problem = one.complaint(name.interval) if name and name.interval else None
            if problem:
                raise refusal(problem, index)
        return resample

    @field_validator("automation")
    @classmethod
    def _automation_fits(
        cls, automation: tuple[Automation, ...] | None, info: ValidationInfo
    ) -> tuple[Automation, ...] | None:
        name, sources = _name(info), info.data.get("sources")
        if name and sources:
            reasons = misfits(name, sources, months_first=info.data.get("monthly_replaces_daily", True))
            for index, kind in enumerate(automation or ()):
                if kind in reasons:
                    raise refusal(f"{kind} does nothing for {info.data['name']}: {reasons[kind]}", index)
        return automation


def _features(name: str) -> FeatureSet | None:
    """All features that bars of the type have, unless the catalog says otherwise."""
    frame_type = parse_name(name).frame_type
    return FeatureSet().of(frame_type) if "features" in frame_type.derived else None


def _name(info: ValidationInfo) -> DatasetName | None:
    """The parsed name, if it has passed its own check."""
    name: Any = info.data.get("name")
    return None if name is None else parse_name(name)
