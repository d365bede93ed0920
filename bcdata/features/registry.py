"""Which features exist, and what is known about each. Free of heavy imports.

A family is one module in `bcdata.features.families` that holds a `FAMILY`; a feature is one short function
in it. Nothing else has to be edited to add either.
"""

import hashlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict, TypeVar, Unpack

if TYPE_CHECKING:
    from bcdata.features.grid import FloatArray

    Kernel = Callable[..., FloatArray]
    K = TypeVar("K", bound=Kernel)

Parameter = int | float | str

RESERVED = frozenset({"open_time", "known_at", "symbol", "date"})
"""Names that a feature cannot take: columns of every feature table, and hive keys of its files."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column of the feature table: a function of a grid of bars, and what a reader must know of it.

    Attributes:
        inputs: The bar columns it reads, and no others.
        warm_up: Bars before the first bar that can have a value, where none is missing. Tight: with one
            bar less there is none.
        anchor: `day` where the definition starts anew at 00:00 UTC: `warm_up` is then counted before the
            midnight at or before the bar.
        range: Bounds that no value can leave, both included, or None where there are none.
        price_degree: d, where prices times 2^k give the value times 2^(d·k); `volume_degree` likewise for
            all four flows.
        scale_tolerance: The relative error of that; 0 means the same bits.
        version: Raised whenever the numbers change by other means than a parameter.
        function: Takes the grid and the parameters by name, returns one Float64 per grid row; what is not
            defined is NaN or infinite there, and null in the table.
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
    range: tuple[float, float] | None = None
    parameters: tuple[tuple[str, Parameter], ...] = ()
    price_degree: float = 0.0
    volume_degree: float = 0.0
    scale_tolerance: float = 0.0
    version: int = 1

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} cannot name a feature")
        if not self.inputs or self.warm_up < 0 or self.version < 1:
            raise ValueError(f"{self.name}: needs inputs, a warm-up of 0 or more and a version of 1 or more")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError(f"{self.name}: the range {self.range} is empty")


class About(TypedDict):
    """What `Family.feature` passes on to `Feature` as it stands."""

    inputs: tuple[str, ...]
    warm_up: int
    formula: str
    source: str
    unit: str
    anchor: NotRequired[Literal["day"] | None]
    range: NotRequired[tuple[float, float] | None]
    price_degree: NotRequired[float]
    volume_degree: NotRequired[float]
    scale_tolerance: NotRequired[float]
    version: NotRequired[int]


@dataclass(frozen=True, slots=True)
class Family:
    """Features that belong together, in the order in which they were defined.

    Attributes:
        rank: The family's place in the catalogue, which orders the columns of the table.
    """

    name: str
    rank: int
    features: dict[str, Feature] = field(default_factory=dict, repr=False)

    def feature(
        self,
        *,
        parameters: Mapping[str, Parameter] | None = None,
        name: str | None = None,
        **about: Unpack[About],
    ) -> "Callable[[K], K]":
        """Registers the decorated function as a feature of this family; the function itself is unchanged.

        Args:
            parameters: Keyword arguments of the function, and part of the feature's version.
            name: The column; the function's own name where it is not given.
            **about: The other attributes of `Feature`.

        Raises:
            ValueError: the name is taken or impossible, or an attribute is.
        """

        def register(function: "K") -> "K":
            feature = Feature(
                name=name or function.__name__,
                family=self.name,
                description=(function.__doc__ or "").partition("\n")[0],
                parameters=tuple(sorted((parameters or {}).items())),
                function=function,
                **about,
            )
            _add(self.features, feature)
            return function

        return register


def _add(features: dict[str, Feature], feature: Feature) -> None:
    if feature.name in features:
        raise ValueError(f"there are two features called {feature.name}")
    features[feature.name] = feature


@cache
def all_features() -> tuple[Feature, ...]:
    """Every feature of every family module, families by rank, in the order of definition.

    Raises:
        ValueError: two families define the same name, or claim the same rank.
    """
    package = import_module("bcdata.features.families")
    modules = [import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)]
    return collect(module.FAMILY for module in modules)


def collect(families: Iterable[Family]) -> tuple[Feature, ...]:
    """The features of these families in the order of the table.

    Raises:
        ValueError: two families define the same name, or claim the same rank.
    """
    ordered = sorted(families, key=lambda family: family.rank)
    if len({family.rank for family in ordered}) < len(ordered):
        raise ValueError(f"two families claim one rank: {[(f.rank, f.name) for f in ordered]}")
    features: dict[str, Feature] = {}
    for family in ordered:
        for feature in family.features.values():
            _add(features, feature)
    return tuple(features.values())


def feature_set_version(features: Iterable[Feature] | None = None) -> str:
    """A short hash of names, parameters and versions in the table's order; part of every fingerprint.

    Source text has no part in it: reformatting a function must not make a lake stale.
    """
    chosen = all_features() if features is None else features
    identity = [(feature.name, feature.version, feature.parameters) for feature in chosen]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]


def describe(features: Iterable[Feature] | None = None) -> list[dict[str, Any]]:
    """What a reader must know of each feature, as plain values that JSON can hold. Warm-up is in bars."""
    chosen = all_features() if features is None else features
    return [
        {
            "name": feature.name,
            "family": feature.family,
            "description": feature.description,
            "warm_up": feature.warm_up,
            "anchor": feature.anchor,
            "source": feature.source,
            "formula": feature.formula,
            "unit": feature.unit,
            "range": None if feature.range is None else list(feature.range),
            "inputs": list(feature.inputs),
            "parameters": dict(feature.parameters),
            "version": feature.version,
        }
        for feature in chosen
    ]
