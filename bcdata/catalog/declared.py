"""The keys of one dataset in the catalog, each with what it may say beside the others."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator

from bcdata.catalog.around.choice import mixed_tapes
from bcdata.catalog.around.plans import refusal_of
from bcdata.catalog.around.sources import complaint
from bcdata.catalog.automation import Automation, AutomationName, misfits
from bcdata.catalog.features import Features, FeatureSet, Labels, require_near
from bcdata.catalog.fields import Section, SourceName, Symbol, Unique, refusal
from bcdata.catalog.gate import Period, Publication, Quality
from bcdata.catalog.names import DatasetName, parse_name
from bcdata.catalog.resample import Resample, Resampled
from bcdata.catalog.universe import Universe
from bcdata.errors import UsageError
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import SOURCES, source_on
from bcdata.venues.market import Market
from bcdata.windows import Grain

_FIRST_YEAR, _LAST_YEAR = "1970", "2100"


def periods_of(name: DatasetName) -> tuple[Period, ...]:
    """What the archive has: rows longer than a day are in files of months alone."""
    is_long = name.interval is not None and not name.interval.fits_a_day
    return tuple(period for period in name.frame_type.periods if period == "monthly" or not is_long)


class Declared(Section):
    """The keys of a dataset. What each means and its default: docs/reference/catalog.md."""

    # The order matters: a field's validator sees the fields before it.
    markets: tuple[Market, ...] = Field(default=(), repr=False)
    plans: tuple[tuple[str, str], ...] = Field(default=(), repr=False)
    name: str
    grain: Grain
    start: str
    symbols: Annotated[tuple[Symbol, ...], Field(min_length=1), Unique] | None = None
    universe: Universe | None = Field(default=None, validate_default=True)
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1), Unique]
    calendar: str = Field(default_factory=lambda values: _market(values).hours.calendar)
    archive: Annotated[tuple[Period, ...], Field(min_length=1), Unique] = Field(
        default_factory=lambda values: periods_of(_parsed(values))
    )
    monthly_replaces_daily: bool = False
    publication: Publication = Publication()
    quality: Quality = Quality()
    features: Features = Field(default_factory=lambda values: _features(_parsed(values)))
    labels: Labels | None = None
    resample: Annotated[tuple[Resampled, ...], Unique] = ()
    automation: Annotated[tuple[AutomationName, ...], Unique] | None = None

    @field_validator("name")
    @classmethod
    def _name_has_a_meaning(cls, name: str, info: ValidationInfo) -> str:
        try:
            parse_name(name, info.data.get("markets", ()))
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
        name, plans = _name(info), dict(info.data.get("plans", ()))
        for index, source in enumerate(sources):
            problem = (name and complaint(name, source)) or refusal_of(source_on(source, plans))
            if problem:
                raise refusal(problem, index)
        if name and name.market.is_declared and (problem := mixed_tapes(name, sources)):
            raise refusal(problem)
        if info.data.get("universe") and all(SOURCES[source].role is Role.WINDOW for source in sources):
            raise refusal(f"{sources[0]} lists no symbols that a universe could choose from; name them in `symbols`")
        return sources

    @field_validator("calendar")
    @classmethod
    def _calendar_is_the_markets(cls, calendar: str, info: ValidationInfo) -> str:
        name = _name(info)
        if name and calendar != (own := name.market.hours.calendar):
            raise refusal(f"the {name.market.name} market's calendar is {own}; it is declared under `markets`")
        return calendar

    @field_validator("archive")
    @classmethod
    def _archive_has_such_files(cls, archive: tuple[Period, ...], info: ValidationInfo) -> tuple[Period, ...]:
        name = _name(info)
        for index, period in enumerate(archive):
            if name and period not in periods_of(name):
                raise refusal(f"the archive has no {period} files of this dataset; write {periods_of(name)[0]}", index)
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
            if name and name.interval and name.interval.has_sessions and one.offset and problem is None:
                problem = "windows of a market with sessions begin where these do; leave the offset out"
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


def _features(name: DatasetName) -> FeatureSet | None:
    """All features that bars of the type have, unless the catalog says otherwise."""
    frame_type = name.frame_type
    return FeatureSet().of(frame_type) if "features" in frame_type.derived else None


def _name(info: ValidationInfo) -> DatasetName | None:
    """The parsed name, if it has passed its own check."""
    return None if info.data.get("name") is None else _parsed(info.data)


def _parsed(values: Mapping[str, Any]) -> DatasetName:
    return parse_name(values["name"], values.get("markets", ()))


def _market(values: Mapping[str, Any]) -> Market:
    return _parsed(values).market
