"""Which features exist, and what is known about each. Free of heavy imports.

A family is one module in `bcdata.features.families` that holds a `FAMILY`; a feature is one short function
in it. Nothing else has to be edited to add either.
"""

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from bcdata.features.bounds import Range
from bcdata.features.feature import About, Feature, RangeOf, WarmUp
from bcdata.features.parameters import Limits, LimitsOf, Parameter, require_sense

if TYPE_CHECKING:
    from bcdata.features.feature import Kernel

    K = TypeVar("K", bound=Kernel)

__all__ = [
    "About",
    "Family",
    "Feature",
    "Parameter",
    "all_features",
    "collect",
    "describe",
]


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
        warm_up: WarmUp,
        parameters: Mapping[str, Parameter] | None = None,
        limits: Limits | LimitsOf | None = None,
        range: Range | RangeOf | None = None,  # noqa: A002 - the attribute's name
        name: str | None = None,
        **about: Unpack[About],
    ) -> "Callable[[K], K]":
        """Registers the decorated function as a feature of this family; the function itself is unchanged.

        Args:
            warm_up: Bars, or a function of the parameters that gives them; only then a catalog may change these.
            parameters: Keyword arguments of the function, and part of the feature's version.
            limits: The smallest and the largest value of each parameter for which the usual ones are not right
                (`bcdata.features.parameters`), or a function of all parameters that gives them.
            range: Bounds that no value can leave, or a function of the parameters that gives them.
            name: The column; the function's own name where it is not given.
            **about: The other attributes of `Feature`.

        Raises:
            ValueError: the name is taken or impossible, or an attribute is.
        """

        def register(function: "K") -> "K":
            given = parameters or {}
            limits_of = limits if callable(limits) or limits is None else lambda **_: limits
            require_sense(name or function.__name__, given, limits_of)
            feature = Feature(
                warm_up=warm_up(**given) if callable(warm_up) else warm_up,
                warm_up_of=warm_up if callable(warm_up) else None,
                range=range(**given) if callable(range) else range,
                range_of=range if callable(range) else None,
                limits_of=limits_of,
                name=name or function.__name__,
                family=self.name,
                description=(function.__doc__ or "").partition("\n")[0],
                parameters=tuple(sorted(given.items())),
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

    A second module may add to a family: it imports the `FAMILY` of the first.

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
    ordered = sorted({id(family): family for family in families}.values(), key=lambda family: family.rank)
    if len({family.rank for family in ordered}) < len(ordered):
        raise ValueError(f"two families claim one rank: {[(f.rank, f.name) for f in ordered]}")
    features: dict[str, Feature] = {}
    for family in ordered:
        for feature in family.features.values():
            _add(features, feature)
    return tuple(features.values())


def describe(features: Iterable[Feature] | None = None) -> list[dict[str, Any]]:
    """What a reader must know of each feature, as plain values that JSON can hold.

    Warm-up is in bars. `columns` are those of bars without which the feature is null.
    """
    chosen = all_features() if features is None else features
    return [
        {
            "name": feature.name,
            "family": feature.family,
            "description": feature.description,
            "warm_up": feature.warm_up,
            "anchor": feature.anchor,
            "settlement_days": feature.settlement_days,
            "source": feature.source,
            "formula": feature.formula,
            "unit": feature.unit,
            "range": None if feature.range is None else [bound if isfinite(bound) else None for bound in feature.range],
            "inputs": list(feature.inputs),
            "columns": sorted(feature.columns),
            "parameters": dict(feature.parameters),
            "limits": {name: list(ends) for name, ends in feature.limits.items()},
            "version": feature.version,
            "adjusted": feature.adjusted,
        }
        for feature in chosen
    ]
