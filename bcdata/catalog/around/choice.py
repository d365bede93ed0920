"""Rules that choose the sources of a dataset: by what its market trades and the length of its bars, in order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from bcdata.catalog.around.markets import TYPES
from bcdata.catalog.around.plans import refusal_of
from bcdata.catalog.around.sources import complaint
from bcdata.catalog.fields import Section, SourceName, Unique, refusal
from bcdata.catalog.names import DatasetName
from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.interval import Interval
from bcdata.providers.capabilities import Plan
from bcdata.providers.registry import SOURCES, source_on

AUTO = "auto"
"""What a dataset says in `sources` to have them chosen."""


def _listed(value: Any) -> Any:
    """`stock` is short for `[stock]`."""
    return [value] if isinstance(value, str) else value


def _type(name: str) -> str:
    if name not in TYPES:
        raise refusal(f"{name!r} is no type of market; {choose(name, TYPES)}")
    return name


def _length(name: str) -> str:
    try:
        return Interval.parse(name).name
    except UsageError as error:
        raise refusal(str(error)) from None


class Rule(Section):
    """Sources in order, for markets of these types and bars of these intervals; of any where it names none."""

    type: Annotated[tuple[Annotated[str, AfterValidator(_type)], ...], BeforeValidator(_listed)] = ()
    interval: Annotated[tuple[Annotated[str, AfterValidator(_length)], ...], BeforeValidator(_listed)] = ()
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1), Unique]

    def fits(self, name: DatasetName) -> bool:
        """Whether it is for such datasets."""
        length = name.interval.name if name.interval else None
        is_type = not self.type or name.market.type in self.type
        return is_type and (not self.interval or length in self.interval)


_LONG = ("1d", "1w", "1mo")
_OF_STOCKS = ("stock", "etf", "index", "fund")
_DEFAULTS: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (_OF_STOCKS, _LONG, ("yahoo", "tiingo", "fmp", "polygon", "alpaca", "alpha_vantage")),
    (_OF_STOCKS, (), ("polygon", "alpaca", "fmp", "alpha_vantage", "yahoo")),
    (("forex",), (), ("polygon", "tiingo", "yahoo")),
)


def default_rules() -> tuple[Rule, ...]:
    """The rules where the catalog has none: of sources that there are."""
    found = ((kinds, lengths, tuple(one for one in names if one in SOURCES)) for kinds, lengths, names in _DEFAULTS)
    return tuple(Rule(type=kinds, interval=lengths, sources=names) for kinds, lengths, names in found if names)


@dataclass(frozen=True, slots=True)
class Considered:
    """One source that a rule names, and why it is not taken; None where it is."""

    source: str
    why_not: str | None = None


def considered(name: DatasetName, rules: Sequence[Rule], plans: Mapping[str, str]) -> Iterator[Considered]:
    """The sources of the first rule that fits, in its order, each with why it is not taken.

    All that are taken are of one tape, that of the first: trades of one exchange are not those of all of them.
    """
    rule = next((one for one in rules if one.fits(name)), None)
    tape: str | None = None
    length = name.interval.name if name.interval else None
    for one in rule.sources if rule else ():
        source = source_on(one, plans)
        why_not = complaint(name, one) or refusal_of(source) or _beyond_plan(source.plan, one, length)
        own = source.capabilities.tape_of(length)
        if why_not is None and tape is not None and own != tape:
            why_not = f"its bars are made of other trades: {own or 'its own'}, not {tape}"
        if why_not is None and tape is None:
            tape = own
        yield Considered(one, why_not)


def _beyond_plan(plan: Plan | None, source: str, length: str | None) -> str | None:
    if plan is None or plan.intervals is None or length is None or length in plan.intervals:
        return None
    return f"{source}'s plan {plan.name!r} has bars of {', '.join(plan.intervals)} alone"


def mixed_tapes(name: DatasetName, sources: Sequence[str]) -> str | None:
    """Why bars of these sources cannot stand beside each other, in words; None where they can."""
    length = name.interval.name if name.interval else None
    tapes = {one: SOURCES[one].capabilities.tape_of(length) for one in sources}
    first = sources[0]
    for one, tape in tapes.items():
        if tape != tapes[first]:
            other = f"{one}'s {length} bars are made of the trades of {tape or one}"
            return f"{other}, {first}'s of {tapes[first] or first}: no series is made of both; leave one of them out"
    return None
