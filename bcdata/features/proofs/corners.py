"""The ends of what a feature's parameters may be: there it has to be defined, too."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bcdata.features.feature import Feature
from bcdata.features.parameters import Parameter, limits_of
from bcdata.features.proofs.promises import bounded, defined
from bcdata.features.proofs.refuted import RefutedError, require
from bcdata.features.proofs.subject import ProofRunner, Subject
from bcdata.features.proofs.world import World

_DAY = 1440
_SEED = 1e-6
"""In deviations of the values: how much of a seed may be left."""


def corners(feature: Feature) -> Iterator[dict[str, Parameter]]:
    """Its parameters with each at either end of its limits, and with all of them there.

    Limits can depend on other parameters: those follow the one that is moved. What the catalog cannot change has no
    corners.
    """
    names = list(feature.limits)
    together = [names] if len(names) > 1 else []
    for moved in [*([name] for name in names), *together]:
        for end in (0, 1):
            yield _moved(feature, moved, end)


def seed_forgotten(subject: Subject, world: World) -> None:
    """A recursion that begins as late as its limits allow has the values of one that begins twice as early.

    Its seed is what it happened to begin with. 1e-9 of a seed's weight may be left at the day's first bar, more where
    means are taken of means.
    """
    feature = subject.feature
    if not feature.anchor or "length" not in feature.limits:
        return
    least = int(feature.limits["length"][0])
    late, early = (_alone(subject, {"length": bars}).values(world) for bars in (least, 2 * least))
    both = np.isfinite(late) & np.isfinite(early)
    require(bool(both.any()), "no value with all the history there is")
    apart = np.where(both, np.abs(late - early), 0.0)
    row = int(np.argmax(apart))
    words = f"begun {least:,} bars before the day: {float(late[row])!r}; begun twice as early: {float(early[row])!r}"
    require(float(apart[row]) <= _SEED * float(np.nanstd(early)), words, world.bars["open_time"][row])


def _alone(subject: Subject, parameters: dict[str, Parameter]) -> Subject:
    feature = subject.feature.with_parameters(parameters)
    return replace(subject, feature=feature, lab=ProofRunner([feature]))


def limits_hold(subject: Subject, world: World) -> None:
    """At every corner the feature has values within its range on complete bars, or none as history is too short."""
    for own in corners(subject.feature):
        said = "with " + ", ".join(f"{name} = {value}" for name, value in own.items())
        try:
            _holds(_alone(subject, own), world)
        except RefutedError as refuted:
            raise RefutedError(f"{said}: {refuted}", refuted.at) from None
        except (ArithmeticError, LookupError, ValueError) as error:
            raise RefutedError(f"{said} it raises {type(error).__name__}: {error}") from error


def _holds(subject: Subject, world: World) -> None:
    feature, values = subject.feature, subject.values(world)
    if feature.warm_up > values.size - _DAY:
        return
    defined(replace(subject, feature=replace(feature, distinct=1)), world)
    bounded(subject, world)
    known = values[np.isfinite(values)]
    moves = bool(np.ptp(known) > 1e-9 * np.abs(known).max())  # what is less is rounding
    # A statistic of too few bars is often one and the same; a threshold that nothing passes may well be.
    are_windows = all(isinstance(value, int) for _, value in feature.parameters)
    require(moves or not are_windows, f"the value is {float(known[0])!r} on every bar")


def _moved(feature: Feature, names: list[str], end: int) -> dict[str, Parameter]:
    """The parameters with these at their lower (0) or upper (1) end, and the others within their limits."""
    own = dict(feature.parameters)
    for name in (*names, *feature.limits):
        low, high = limits_of(own, feature.limits_of)[name]
        value = own[name]
        if not isinstance(value, str):
            to = (low, high)[end] if name in names else min(max(value, low), high)
            own[name] = int(to) if isinstance(value, int) else float(to)
    return own
