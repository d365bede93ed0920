"""Parameters of a feature: which values make sense, and what a catalog's values become.

A parameter without declared limits takes whole numbers from 1 to `LONGEST`, or numbers from `TINY` to `HUGE`. What a
statistic needs beyond that is declared beside it, as `limits=`; a proof tries both ends of every limit.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

Parameter = int | float | str
Limits = Mapping[str, tuple[float, float]]
"""By parameter the smallest and the largest value, both included."""
LimitsOf = Callable[..., Limits]

LONGEST = 100_000
"""Bars of the longest window, ten weeks of minutes. What looks further back is a matter for coarser bars."""
LONGEST_RUN = 20_000
"""Bars before the day with which the longest recursion begins: enough for a mean over 1440 bars."""
TINY, HUGE = 1e-12, 1e12

_FORGOTTEN = 1e-9
"""The weight of a recursion's seed at the day's first bar, at most."""
_SLOWEST = 1.0 - _FORGOTTEN ** (1.0 / LONGEST_RUN)
WILDER = int(1.0 / _SLOWEST)
"""Wilder's n (alpha 1 / n) whose recursion still forgets its seed within `LONGEST_RUN`."""
SPAN = int(2.0 / _SLOWEST) - 1
"""The span of an exponential mean (alpha 2 / (span + 1)) of which that holds."""
DECAY = 1.0 - 1.0 / WILDER
"""The decay (1 - alpha) of which that holds."""


class ParameterError(ValueError):
    """A parameter that a feature does not have, or cannot have so.

    Attributes:
        parameter: Its name.
    """

    def __init__(self, feature: str, parameter: str, words: str) -> None:
        super().__init__(f"{feature}: {words}")
        self.parameter = parameter


def at_least(least: int) -> tuple[float, float]:
    """The limits of a window that its statistic needs so many bars for."""
    return least, LONGEST


def run(*alphas: float) -> tuple[float, float]:
    """The limits of `length`, the bars that recursions with these alphas are seeded before the day.

    Within them a seed has lost all but 1e-9 of its weight, so that the first value of a history shows nowhere:
    L = ⌈ln ε / ln(1 - alpha)⌉.
    """
    needed = [math.log(_FORGOTTEN) / math.log1p(-alpha) for alpha in alphas if 0 < alpha < 1]
    return math.ceil(max(needed, default=1.0)), LONGEST_RUN


def limits_of(parameters: Mapping[str, Parameter], declared: LimitsOf | None) -> dict[str, tuple[float, float]]:
    """The limits of all numbers among the parameters: the declared ones, which may depend on others, come first."""
    numbers = {name: value for name, value in parameters.items() if not isinstance(value, str)}
    usual = {name: (1, LONGEST) if isinstance(value, int) else (TINY, HUGE) for name, value in numbers.items()}
    # Whoever declares limits need not think of a window of 0: what is beyond the usual is refused in any case.
    tame = {name: min(max(value, usual[name][0]), usual[name][1]) for name, value in numbers.items()}
    own = declared(**{**parameters, **tame}) if declared else {}
    return {**own, **{name: ends for name, ends in usual.items() if name not in own}}


def require_sense(feature: str, parameters: Mapping[str, Parameter], declared: LimitsOf | None) -> None:
    """Refuses parameters outside of their limits.

    Raises:
        ParameterError: one is; it says which and what it may be, and the others, since limits can depend on them.
    """
    for name, (low, high) in limits_of(parameters, declared).items():
        value = parameters[name]
        if not isinstance(value, str) and not low <= value <= high:
            others = ", ".join(f"{one} = {_said(other)}" for one, other in parameters.items() if one != name)
            words = f"{name} has to be from {_said(low)} to {_said(high)}, and is {_said(value)}"
            raise ParameterError(feature, name, words + (f" ({others})" if others else ""))


def like(example: Parameter, value: Parameter, feature: str, name: str) -> Parameter:
    """The value, or its text, as the type of the example.

    Raises:
        ParameterError: it is no such number.
    """
    if isinstance(example, str):
        return str(value)
    kind = int if isinstance(example, int) else float
    try:
        number: Any = kind(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise ParameterError(feature, name, f"{name} has to be a {_WORDS[kind]}, and is {value!r}")
    return kind(number)


_WORDS = {int: "whole number", float: "number"}


def _said(value: Parameter) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else value
