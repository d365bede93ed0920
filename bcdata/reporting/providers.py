"""The sources of all providers: what they can do, what they allow, and how asking them goes. Asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bcdata.catalog.around.plans import refusal_of
from bcdata.errors import BcdataError
from bcdata.net.answers import shown
from bcdata.net.budgets import Budget
from bcdata.net.health import Health, read_health
from bcdata.providers.capabilities import Capabilities, Source
from bcdata.providers.registry import MARKETS, SOURCES, UNAVAILABLE, Unavailable, provider_of, source_on
from bcdata.settings import Settings

_WORST = ("open", "half_open", "closed")


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate that a source allows, and what is left of it; `resets_at` (UTC) is None where nothing is spent."""

    limit: int
    window: str
    remaining: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How a source stands.

    Attributes:
        name: of the source.
        provider: whose it is.
        available: whether it would be asked now.
        reason: why, or why not.
        capabilities: what it can do, as plain values.
        limits: the rates that it allows; `remaining` and `resets_at` are those of the one with the least left.
        breaker: `closed`, `half_open` or `open`, of the host for which it is worst.
        success_24h: the share of requests that were answered; None where nothing was asked.
        latency_24h: the median of seconds until a whole answer was there.
        urls: base addresses, without passwords.
    """

    name: str
    provider: str
    available: bool
    reason: str
    capabilities: dict[str, Any]
    limits: tuple[Limit, ...]
    remaining: int | None
    resets_at: datetime | None
    breaker: str
    success_24h: float | None
    latency_24h: float | None
    urls: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        limits = [{"limit": one.limit, "window": one.window, **_left(one)} for one in self.limits]
        return {
            "name": self.name,
            "available": self.available,
            "reason": self.reason,
            "provider": self.provider,
            "markets": self.capabilities["markets"],
            "capabilities": self.capabilities,
            "limits": limits,
            "remaining": self.remaining,
            "resets_at": _iso(self.resets_at),
            "breaker": self.breaker,
            "success_24h": self.success_24h,
            "latency_24h": self.latency_24h,
            "urls": list(self.urls),
        }


def report(now: datetime, plans: Mapping[str, str] | None = None) -> list[SourceReport]:
    """How all sources stand at an instant (UTC), by what this machine has asked.

    Packages whose providers cannot be used are among them, under the names of their entry points. `plans` are those
    that the catalog states, by provider.
    """
    health = health_at(now)
    found = [_report(source_on(name, plans or {}), health) for name in SOURCES]
    return [*found, *map(_absent, UNAVAILABLE)]


def health_at(now: datetime) -> Health:
    """How asking goes at an instant (UTC), by what this machine has noted."""
    return read_health(Settings().state / "budgets.sqlite", now)


def _absent(one: Unavailable) -> SourceReport:
    return _unusable(one.name, one.package, str(one), {"markets": []})


def _unusable(name: str, provider: str, reason: str, can: dict[str, Any]) -> SourceReport:
    """What there is to say of a source that nobody can ask."""
    return SourceReport(name, provider, False, reason, can, (), None, None, "closed", None, None, ())


def _report(source: Source, health: Health) -> SourceReport:
    try:
        urls = source.urls()
        rates = source.limits(urls)
    except BcdataError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever another package raises)
        words = f"its addresses and limits cannot be told: {type(error).__name__}: {error}"
        return _unusable(source.name, provider_of(source.name).name, words, _plain(source))
    variables = [key.variable for key in source.capabilities.keys]
    limits = tuple(_limit(one, health, variables) for one in rates)
    least = min(limits, key=lambda one: one.remaining / one.limit, default=None)
    states = {health.host(url, variables).breaker for url in urls.values()}
    asked = health.provider(source.name)
    reason = hindrance(source, health)
    return SourceReport(
        name=source.name,
        provider=provider_of(source.name).name,
        available=reason is None,
        reason=reason or ("has its key" if variables else "needs no key"),
        capabilities=_plain(source),
        limits=limits,
        remaining=least.remaining if least else None,
        resets_at=least.resets_at if least else None,
        breaker=next((state for state in _WORST if state in states), "closed"),
        success_24h=asked.success,
        latency_24h=asked.latency,
        urls=tuple(shown(url) for url in urls.values()),
    )


def hindrance(source: Source, health: Health) -> str | None:
    """Why the source would not be asked now; None where it would."""
    return never_asked(source) or _held(source, health)


def never_asked(source: Source) -> str | None:
    """Why the source is not asked at all as things are set; None where it would be."""
    if problem := source.hindrance():
        return problem
    for key in source.capabilities.keys:
        if problem := key.problem():
            return f"{problem}; set {key.variable} to the provider's key"
    return refusal_of(source)


def _held(source: Source, health: Health) -> str | None:
    """Why one of its hosts is not asked now: its quota, a ban, or a breaker that is open."""
    variables = [key.variable for key in source.capabilities.keys]
    for url in source.urls().values():
        host = health.host(url, variables)
        until = f"until {host.held_until:%Y-%m-%d %H:%M:%S}" if host.held_until else ""
        if host.hold == "quota":
            return f"its quota is spent {until}"
        if host.hold == "banned":
            return f"it has banned this address {until}"
        if host.breaker == "open":
            return f"its last {host.failures} requests failed, and it is left alone for a while"
    return None


def _plain(source: Source) -> dict[str, Any]:
    can: Capabilities = source.capabilities
    intervals = can.intervals or tuple(dict.fromkeys(one for name in can.markets for one in MARKETS[name].intervals))
    return {
        "role": source.role.value,
        "markets": sorted(can.markets),
        "types": list(can.types),
        "plan": source.plan.name if source.plan else None,
        "terms": source.plan.terms if source.plan else None,
        "kinds": list(can.kinds),
        "intervals": list(intervals),
        "columns": sorted(can.columns),
        "depth_bars": can.depth_bars,
        "page_rows": can.page_rows,
        "order": can.order,
        "omits_empty": can.omits_empty,
        "keys": [key.variable for key in can.keys],
        "may_be_kept": refusal_of(source) is None,
    }


def _limit(budget: Budget, health: Health, variables: list[str]) -> Limit:
    left = health.budget(budget, variables)
    window = f"{budget.period} in {budget.zone}" if budget.period else f"{budget.seconds:g} s"
    return Limit(budget.limit, window, left.remaining, left.resets_at)


def _left(one: Limit) -> dict[str, Any]:
    return {"remaining": one.remaining, "resets_at": _iso(one.resets_at)}


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
