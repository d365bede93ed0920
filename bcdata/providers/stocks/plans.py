"""Plans of providers by their names, and what they do not include. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bcdata.errors import NotEntitledError, OutOfDepthError
from bcdata.hints import choose
from bcdata.providers.base import Series
from bcdata.providers.capabilities import Plan
from bcdata.windows import Window

PlanOf = Callable[[], Plan]
"""Gives the plan in force whenever it is asked."""


def table(*plans: Plan) -> dict[str, Plan]:
    """Plans by their names, the free one first."""
    return {one.name: one for one in plans}


def known_name(text: str, plans: Mapping[str, Plan], provider: str) -> str:
    """The name of a plan, however it is capitalised.

    Raises:
        ValueError: the provider has none such.
    """
    name = text.strip().lower()
    if name not in plans:
        raise ValueError(f"{text!r} is no plan of {provider}; {choose(name, plans)}")
    return name


def require_interval(series: Series, plan: Plan, provider: str) -> None:
    """Does nothing where the plan has bars of this interval.

    Raises:
        NotEntitledError: it has not.
    """
    if plan.intervals is not None and series.interval not in plan.intervals:
        words = f"the plan {plan.name!r} has bars of {', '.join(plan.intervals)} alone"
        fix = f"use another source, or set BCDATA_{provider.upper()}_PLAN to the plan that you have"
        raise NotEntitledError(f"{provider}: {series}: {words}; {fix}", provider=provider)


def within_depth(series: Series, window: Window, plan: Plan, now: datetime, provider: str) -> Window:
    """The part of a window that the plan reaches back to.

    Raises:
        OutOfDepthError: it reaches none of it; the text says since when it has bars.
    """
    if plan.depth is None:
        return window
    since = now - plan.depth
    if window.end <= since:
        words = (
            f"the plan {plan.name!r} reaches back to {since:%Y-%m-%d}, and {window.end:%Y-%m-%d %H:%M} UTC lies before"
        )
        fix = f"ask for a later time, or set BCDATA_{provider.upper()}_PLAN to the plan that you have"
        raise OutOfDepthError(f"{provider}: {series}: {words}; {fix}", provider=provider)
    return Window(max(window.start, since), window.end)
