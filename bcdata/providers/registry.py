"""The providers that bcdata knows: its own, and those of other packages that register with an entry point.

A package registers a `Provider` (or a function that returns one) in the group `bcdata.providers`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bcdata.errors import UsageError
from bcdata.frames.columns import BAR_COLUMNS, PRICES
from bcdata.frames.types import BARS, FRAME_TYPES
from bcdata.providers.capabilities import Provider, Role, Source
from bcdata.providers.formats import BulkFormat, PageFormat
from bcdata.venues.market import Market

GROUP = "bcdata.providers"
_BUILT_IN = ("binance", "kraken", "coinbase", "yahoo", "tiingo", "fmp", "polygon", "alpaca", "alpha_vantage", "ccxt")
_NAME = re.compile("[a-z][a-z0-9_]*", re.ASCII)
_COLUMNS = BAR_COLUMNS | {"vwap"}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A package whose provider cannot be used: its entry point, the package, and why, with the fix."""

    name: str
    package: str
    reason: str

    def __str__(self) -> str:
        return f"the entry point {self.name!r} of {self.package} in {GROUP} {self.reason}"


def load(points: Iterable[EntryPoint]) -> tuple[dict[str, Provider], tuple[Unavailable, ...]]:
    """The built-in providers and those of the entry points, by name; and the packages that bring none.

    A package that cannot be loaded, gives no provider, takes a name that is taken, or states what it cannot mean costs
    its own provider alone. Of two packages with one name neither is taken: which of them was meant is not known.
    """
    built_in = list(_built_in())
    given, unavailable = _registered(points)
    names = Counter(repr(one.name) for _, one in given)
    reserved = {name for one in built_in for name in (one.name, *(source.name for source in one.sources))}
    found: dict[str, Provider] = {}
    every: list[tuple[EntryPoint | None, Provider]] = [*((None, one) for one in built_in), *given]
    for point, one in sorted(every, key=lambda pair: bool(pair[1].gives_way)):
        if point is None:
            found[one.name] = _without(one, found) if one.gives_way else one
            continue
        if names[repr(one.name)] > 1:
            problem: str | None = f"there is a provider {one.name!r} already"
        else:
            problem = _refusal(one, found, reserved)
        if problem is None:
            found[one.name] = _without(one, found) if one.gives_way else one
        else:
            unavailable.append(_unavailable(point, f"is not usable: {problem}"))
    return found, tuple(sorted(unavailable, key=str))


def _built_in() -> Iterator[Provider]:
    from importlib import import_module

    for name in _BUILT_IN:
        module = f"bcdata.providers.{name}"
        try:
            yield import_module(module).PROVIDER
        except ModuleNotFoundError as error:
            if error.name != module:  # a provider that was taken out leaves the others as they are
                raise


def _registered(points: Iterable[EntryPoint]) -> tuple[list[tuple[EntryPoint, Provider]], list[Unavailable]]:
    given: list[tuple[EntryPoint, Provider]] = []
    unavailable: list[Unavailable] = []
    for point in sorted(points, key=lambda one: (one.name, one.value)):
        try:
            found = point.load()
            provider = found() if callable(found) else found
        except (Exception, SystemExit) as error:  # noqa: BLE001 (whatever another package raises)
            said = " ".join(f"{type(error).__name__}: {error}".split())
            unavailable.append(_unavailable(point, f"cannot be loaded: {said}"))
            continue
        if isinstance(provider, Provider):
            given.append((point, provider))
        else:
            unavailable.append(_unavailable(point, f"gives no bcdata Provider but {type(provider).__name__}"))
    return given, unavailable


def _unavailable(point: EntryPoint, problem: str) -> Unavailable:
    package = point.dist.name if point.dist else point.value
    return Unavailable(point.name, package, f"{problem}; repair or uninstall {package}")


def _refusal(provider: Provider, found: Mapping[str, Provider], reserved: set[str]) -> str | None:
    """What is wrong with the provider of another package; None where nothing is."""
    try:
        given = _without(provider, found) if provider.gives_way else provider
        return next(_problems(given, found, reserved), None)
    except Exception as error:  # noqa: BLE001 (values of other types than those that are declared)
        return f"it cannot be understood: {type(error).__name__}: {error}"


def _without(provider: Provider, found: Mapping[str, Provider]) -> Provider:
    """The provider without the markets that others have."""
    theirs = {one.name for other in found.values() for one in other.markets}
    sources = [
        replace(one, capabilities=replace(can, markets=tuple(name for name in can.markets if name not in theirs)))
        for one in provider.sources
        for can in (one.capabilities,)
    ]
    left = tuple(one for one in provider.markets if one.name not in theirs)
    return replace(provider, sources=tuple(sources), markets=left)


def _problems(provider: Provider, known: Mapping[str, Provider], reserved: set[str]) -> Iterator[str]:
    """What is wrong with a provider, in words; `reserved` are names of providers and sources that bcdata has."""
    names = reserved | {one.name for other in known.values() for one in other.sources}
    markets = {one.name for other in known.values() for one in other.markets}
    if not _NAME.fullmatch(provider.name):
        yield f"{provider.name!r} is no provider's name; write lower case letters, digits and _"
    if provider.name in known or provider.name in reserved:
        yield f"there is a provider {provider.name!r} already"
    for market in provider.markets:
        if market.name in markets:
            yield f"{provider.name} brings a market {market.name!r}, which there is already"
    markets |= {one.name for one in provider.markets}
    for source in provider.sources:
        if source.name in names or not _NAME.fullmatch(source.name):
            yield f"{source.name!r} is no name of a source, or is taken"
        names |= {source.name}
        yield from _impossible(source, markets)


def _impossible(source: Source, markets: set[str]) -> Iterator[str]:
    can = source.capabilities
    if unknown := sorted(set(can.columns) - _COLUMNS):
        yield f"{source.name}: unknown columns {', '.join(unknown)}; bars have {', '.join(sorted(_COLUMNS))}"
    if BARS.key in can.kinds and (absent := [name for name in PRICES if name not in can.columns]):
        yield f"{source.name}: bars without {', '.join(absent)} are none"
    if unknown := sorted(set(can.markets) - markets):
        yield f"{source.name}: unknown market {unknown[0]!r}"
    if unknown := sorted(set(can.kinds) - set(FRAME_TYPES)):
        yield f"{source.name}: unknown type {unknown[0]!r}"
    if wrong := [one for one in (can.page_rows, can.depth_bars) if one is not None and one < 1]:
        yield f"{source.name}: {wrong[0]} rows are no page and no depth"
    if (source.format is None) != (source.role is Role.WINDOW):
        is_needed = "is needed" if source.format is None else "has no use"
        yield f"{source.name} is read as {source.role.value}: a format {is_needed}"


PROVIDERS, UNAVAILABLE = load(entry_points(group=GROUP))
"""All providers by name, and the packages whose providers cannot be used."""
MARKETS: dict[str, Market] = {one.name: one for provider in PROVIDERS.values() for one in provider.markets}
"""All markets by name."""
SOURCES: dict[str, Source] = {one.name: one for provider in PROVIDERS.values() for one in provider.sources}
"""All sources by name."""


FOLDER_FORMATS: dict[str, Source] = {name: one for one in SOURCES.values() for name in one.folders}
"""The sources of which a folder of files can be imported, by the name of the format."""


def provider_of(source: str) -> Provider:
    """The provider of a source."""
    return next(one for one in PROVIDERS.values() if any(its.name == source for its in one.sources))


def source_on(name: str, plans: Mapping[str, str]) -> Source:
    """A source on the plan that is stated of its provider; on that of the environment where none is.

    Raises:
        UsageError: the provider has no such plan.
    """
    source = SOURCES[name]
    stated = plans.get(provider_of(name).name)
    return source.on_plan(stated) if stated and source.on_plan else source


def role_of(source: str | None) -> Role | None:
    """How the source is read; None where it is none, or one that is not known any more."""
    return SOURCES[source].role if source in SOURCES else None


def has_role(market: str, role: Role) -> bool:
    """Whether some source does this for the market."""
    return any(one.role is role and market in one.capabilities.markets for one in SOURCES.values())


def source_of(market: str, role: Role) -> Source:
    """The source that does this for the market.

    Raises:
        UsageError: there is none.
    """
    for one in SOURCES.values():
        if one.role is role and market in one.capabilities.markets:
            return one
    raise UsageError(f"no source of {market} is read as {role.value}")


def bulk_format(market: str) -> BulkFormat:
    """How the files of the market are read.

    Raises:
        UsageError: no source has files of this market.
    """
    found: BulkFormat = _format(market, Role.BULK)
    return found


def page_format(market: str) -> PageFormat:
    """How the pages are read of the source that repairs what the market's files lack.

    Raises:
        UsageError: there is none.
    """
    found: PageFormat = _format(market, Role.REPAIR)
    return found


def _format(market: str, role: Role) -> Any:
    load_format = source_of(market, role).format
    assert load_format is not None  # noqa: S101 # nosec B101 # a source of this role without one is refused
    return load_format()
