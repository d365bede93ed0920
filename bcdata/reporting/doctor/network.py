"""Whether each address in use can be reached, and what its server says of the time."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

from bcdata.catalog import Catalog
from bcdata.errors import BcdataError, BlockedError, QuotaSpentError, RateLimitedError, UnreachableError
from bcdata.net.answers import shown
from bcdata.net.client import HttpClient
from bcdata.net.loop import BackgroundLoop
from bcdata.net.settings import HttpSettings
from bcdata.net.skew import SKEWS
from bcdata.net.state.sqlite import SqliteState
from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.reporting.doctor.check import Check, ok, problem, warning
from bcdata.reporting.providers import never_asked
from bcdata.settings import Settings

MOST_SKEW = timedelta(minutes=1)
"""By which a clock may differ, as in runs."""
_PATIENCE = 15.0
"""Seconds for one address: no time-out is longer."""
_MOST = 16 << 20


def unasked(catalog: Catalog) -> dict[str, str]:
    """The sources of the catalog's datasets that no run asks, as things are set, and why."""
    names = dict.fromkeys(name for dataset in catalog for name in dataset.sources)
    return {name: why for name in names if (why := never_asked(SOURCES[name]))}


def addresses(catalog: Catalog) -> dict[str, str]:
    """The base addresses of the sources that the catalog's datasets have, each with the source that asks it first."""
    found: dict[str, str] = {}
    left_alone = unasked(catalog)
    for dataset in catalog:
        for name in dataset.sources:
            for part, url in SOURCES[name].urls().items() if name not in left_alone else ():
                if "://" in url and (part == dataset.market or part not in MARKETS):
                    found.setdefault(url, name)
    return found


def reach(catalog: Catalog) -> list[Check]:
    """Asks each address once, all at once, with the project's own client; then compares clocks.

    A source without its key, or whose terms forbid keeping what it sends, is not asked, as in runs.
    """
    SKEWS.forget()
    known = addresses(catalog)
    left_alone = [
        warning(name, f"is not asked: {why.split(';')[0]}", _fix(why)) for name, why in unasked(catalog).items()
    ]
    with BackgroundLoop() as loop:
        found: list[Check] = loop.run(_ask(known))
    return [*left_alone, *found, *(_clock() if known else ())]


def _fix(why: str) -> str:
    return why.partition("; ")[2] or "bcdata providers says more"


async def _ask(known: dict[str, str]) -> list[Check]:
    settings = HttpSettings()
    bounded = {name: min(getattr(settings, name), _PATIENCE) for name in _TIMEOUTS}
    patient = HttpSettings(**{**settings.model_dump(), **bounded, "http_attempts": 1, "http_rate_wait": 0.0})
    http = HttpClient(SqliteState(Settings().state / "budgets.sqlite", share=settings.http_budget_share), patient)
    try:
        return list(await asyncio.gather(*(_one(http, url, name) for url, name in known.items())))
    finally:
        await http.close(for_good=True)


_TIMEOUTS = ("http_connect_timeout", "http_read_timeout", "http_total_timeout")


async def _one(http: HttpClient, url: str, name: str) -> Check:
    began = asyncio.get_running_loop().time()
    try:
        await http.get(url.rstrip("/") + "/", provider=name, max_bytes=_MOST)
    except UnreachableError as error:
        return problem(name, f"{shown(url)}: {_cause(error, url)}", "check the network, proxies, and this address")
    except (BlockedError, QuotaSpentError, RateLimitedError) as error:
        return warning(name, f"{shown(url)}: {_cause(error, url)}", "wait: runs do so by themselves")
    except BcdataError:
        pass  # it answered, though with an error: nothing is asked for that it has
    return ok(name, f"{shown(url)} answers in {asyncio.get_running_loop().time() - began:.2f} s")


def _cause(error: BcdataError, url: str) -> str:
    text = str(error).split(shown(url.rstrip("/") + "/"))[-1]
    return text.lstrip(": ").split(";")[0].split(" (1 attempts)")[0]


def _clock() -> Iterator[Check]:
    nearest = SKEWS.nearest()
    if nearest is None:
        yield warning("clock", "no server has said the time", "compare it with another clock")
        return
    seconds = nearest.ahead.total_seconds()
    words = f"{abs(seconds):.1f} s {'ahead of' if seconds >= 0 else 'behind'} {nearest.provider}"
    if abs(nearest.ahead) <= MOST_SKEW:
        yield ok("clock", words)
    else:
        yield problem("clock", words, "set this machine's clock (NTP): open partitions are refused otherwise")


def clock_of(now: datetime, *, is_pinned: bool) -> Iterator[Check]:
    """What stands for the present."""
    if is_pinned:
        yield warning("BCDATA_NOW", f"{now:%Y-%m-%d %H:%M:%S} UTC stands for now", "unset it, unless that is meant")
