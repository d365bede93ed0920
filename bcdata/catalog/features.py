"""What the catalog says of a dataset's features and labels. Names are looked up in the registry of features."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from bcdata.catalog.fields import Section, Symbol, Unique, refusal
from bcdata.features.parameters import LONGEST, ParameterError
from bcdata.features.selection import Variants, computable, select
from bcdata.frames.columns import BAR_COLUMNS
from bcdata.frames.types import FrameType
from bcdata.hints import nearest
from bcdata.interval import Interval

FARTHEST = 200
"""Years that anything looks back or ahead, at most. No market is that old, and dates end at year 1."""

_ON, _OFF = ("true", "yes", "on"), ("false", "no", "off")


class Normalise(Section):
    """Variants of one feature: its distance from its own past in deviations, and its rank in it.

    `z` and `rank` are windows in bars. What `z` is computed from is held within the `tail` quantiles of that past.
    """

    z: int | None = Field(default=None, ge=2, le=LONGEST)
    rank: int | None = Field(default=None, ge=2, le=LONGEST)
    tail: float | None = Field(default=None, gt=0, lt=0.5)


class FeatureSet(Section):
    """Which features a dataset has, with which parameters, and what they may look at."""

    select: Annotated[tuple[str, ...], Field(min_length=1), Unique] | None = None
    windows: Mapping[str, Mapping[str, str | int | float]] = Field(default_factory=lambda: MappingProxyType({}))
    reference: Symbol | None = None
    universe: Annotated[tuple[Symbol, ...], Unique] = ()
    normalise: Mapping[str, Normalise] = Field(default_factory=lambda: MappingProxyType({}))

    @field_validator("select")
    @classmethod
    def _selected_exist(cls, select: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for index, name in enumerate(select or ()):
            _known(name, index)
        return select

    @field_validator("windows")
    @classmethod
    def _windows_suit(cls, windows: Mapping[str, Mapping[str, Any]], info: ValidationInfo) -> Mapping[str, Any]:
        for name, parameters in windows.items():
            try:
                _known(name, name, info).with_parameters(parameters)
            except ParameterError as error:
                # A limit that depends on others can refuse one that the catalog leaves as it is.
                at = (name, error.parameter) if error.parameter in parameters else (name,)
                raise refusal(str(error), *at) from None
        return MappingProxyType({name: MappingProxyType(dict(own)) for name, own in windows.items()})

    @field_validator("normalise")
    @classmethod
    def _variants_suit(cls, normalise: Mapping[str, Normalise], info: ValidationInfo) -> Mapping[str, Normalise]:
        for name, wanted in normalise.items():
            feature = _known(name, name, info)
            if wanted.z is None and wanted.rank is None:
                raise refusal("say which: `z` or `rank`, with its window in bars", name)
            if wanted.tail is not None and wanted.z is None:
                raise refusal("it belongs to `z`, which is not asked for; a rank clips nothing", name, "tail")
            if wanted.tail is not None and feature.bounded:
                low, high = feature.range
                raise refusal(f"{name} lies in [{low:g}, {high:g}]: there is nothing to clip", name, "tail")
        return MappingProxyType(dict(normalise))

    def of(self, frame_type: FrameType) -> "FeatureSet":
        """The set for bars of this type: of all features, those whose columns such bars have.

        Raises:
            PydanticCustomError: a feature is named that reads another column.
        """
        if frame_type.columns >= BAR_COLUMNS and frame_type.joins is not None:
            return self  # nothing is left out, and what is registered need not be loaded
        possible = computable(frame_type.columns, has_funding=frame_type.joins is not None)
        for section in ("select", "windows", "normalise"):
            for name in getattr(self, section) or ():
                if name not in possible:
                    raise refusal(f"{name} reads columns that {frame_type.key} do not have", section)
        return self if self.select is not None else self.model_copy(update={"select": possible})

    @property
    def others(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """The symbols that are named for others to be compared with, each after its place in the section."""
        if self.reference is not None:
            yield ("reference",), self.reference
        yield from ((("universe", index), symbol) for index, symbol in enumerate(self.universe))

    def require_sense(self, interval: Interval) -> None:
        """Refuses columns of one name, and windows that are longer than markets are old.

        Raises:
            PydanticCustomError: at the place inside the section.
        """
        if not self.windows and not self.normalise:
            return  # what is registered suits every interval, and need not be loaded
        variants = {name: Variants(one.z, one.rank, one.tail) for name, one in self.normalise.items()}
        try:
            chosen = select(self.select, self.windows, variants)
        except ValueError as error:
            raise refusal(str(error)) from None
        for feature in chosen:
            require_near(feature.lookback + feature.warm_up, interval, f"{feature.name} looks back")

    def __hash__(self) -> int:
        """Equal sections have equal hashes; mappings have none, their keys do."""
        keys = (*sorted(self.windows), *sorted(self.normalise))
        return hash((self.select, self.reference, self.universe, keys))


class Labels(Section):
    """What is to be learned: forward log returns over so many bars."""

    horizons: Annotated[tuple[Annotated[int, Field(ge=1, le=LONGEST)], ...], Field(min_length=1), Unique]


def require_near(bars: int, interval: Interval, words: str) -> None:
    """Refuses so many bars where they reach over more than `FARTHEST` years."""
    years = bars * (interval.length or timedelta(days=30)) / timedelta(days=365)
    if years > FARTHEST:
        raise refusal(f"{words} {bars:,} bars of {interval.name}, {years:,.0f} years; {FARTHEST} is the most")


def _switch(value: Any) -> Any:
    """`true` is all features as they are, `false` none."""
    text = str(value).lower() if isinstance(value, str | bool) else None
    if text in _ON:
        return FeatureSet()
    if text in _OFF:
        return None
    if text is not None:
        raise refusal(f"{value!r} must be true or false, or a mapping of keys to values")
    return value


Features = Annotated[FeatureSet | None, BeforeValidator(_switch)]
"""`true`, `false`, or a section; None where there are to be no features."""


def _known(name: str, at: str | int, info: ValidationInfo | None = None) -> Any:
    """The registered feature; what is not selected cannot be changed."""
    from bcdata.features.registry import all_features

    features = {feature.name: feature for feature in all_features()}
    if name not in features:
        near = nearest(name, features)
        hint = f"did you mean {near[0]!r}?" if near else "`bcdata features` lists them"
        raise refusal(f"there is no feature {name!r}; {hint}", at)
    select = info.data.get("select") if info else None
    if select is not None and name not in select:
        raise refusal(f"{name} is not among the features that `select` names", at)
    return features[name]
