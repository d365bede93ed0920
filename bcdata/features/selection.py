"""From what a catalog says to the features of a dataset's table."""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.parameters import Parameter
from bcdata.features.registry import all_features


class Variants(NamedTuple):
    """Which normalised variants of a feature are asked for: windows in bars, and the tail that is clipped."""

    z: int | None = None
    rank: int | None = None
    tail: float | None = None


def select(
    names: Collection[str] | None = None,
    windows: Mapping[str, Mapping[str, Parameter]] | None = None,
    normalise: Mapping[str, Variants] | None = None,
) -> tuple[Feature, ...]:
    """The features of a table in the registry's order, each followed by its variants.

    Args:
        names: Which; None is all.
        windows: Other parameters, by feature.
        normalise: Variants, by feature.

    Raises:
        ValueError: a parameter does not exist or cannot have that value, or two columns have one name.
    """
    features: list[Feature] = []
    for registered in all_features():
        if names is None or registered.name in names:
            changes = (windows or {}).get(registered.name)
            feature = registered.with_parameters(changes) if changes else registered
            features += [feature, *_variants(feature, (normalise or {}).get(feature.name, Variants()))]
    columns = [feature.name for feature in features]
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise ValueError(f"there are two features called {', '.join(twice)}")
    return tuple(features)


def _variants(feature: Feature, wanted: Variants) -> Iterator[Feature]:
    from bcdata.features import normalise

    if wanted.z is not None:
        yield normalise.z_score(feature, wanted.z, wanted.tail)
    if wanted.rank is not None:
        yield normalise.rank(feature, wanted.rank)


def computable(columns: Collection[str], *, has_funding: bool) -> tuple[str, ...]:
    """The names of the registered features that read no other columns of bars than these, in the registry's order.

    Args:
        columns: those that bars have.
        has_funding: whether they carry funding, which settlements are read with.
    """
    has = {*columns, *(("funding_rate",) if has_funding else ())}
    found = (one for one in all_features() if has_funding or not SETTLEMENTS & {*one.inputs})
    return tuple(one.name for one in found if one.columns <= has)
