"""Providers of other packages: found by their entry point, or unavailable for a reason that names the package."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.providers.registry import GROUP, load
from bcdata.venues.market import Market

CAN = Capabilities(markets=("acme",))
SOURCE = Source("acme", Role.WINDOW, CAN, urls=dict, open=lambda _http, _urls: None)
ACME = Provider("acme", (SOURCE,), (Market("acme", "2020-01", ("klines",), ("1m",)),))
NOT_A_PROVIDER = ["acme"]


def made() -> Provider:
    return ACME


def broken() -> Provider:
    raise RuntimeError("no licence")


def point(name: str) -> EntryPoint:
    """An entry point that names something in this module."""
    return EntryPoint("acme", f"{__name__}:{name}", GROUP)


@pytest.mark.parametrize("name", ["ACME", "made"])
def test_a_value_or_a_function_that_gives_one(name: str) -> None:
    found, unavailable = load([point(name)])
    assert not unavailable
    assert found["acme"] is ACME
    assert "binance" in found


def gemini() -> Provider:
    can, market = replace(CAN, markets=("gemini",)), Market("gemini", "2020-01", ("klines",), ("1m",))
    return replace(ACME, sources=(replace(SOURCE, capabilities=can),), markets=(market,))


def test_a_provider_that_gives_way_leaves_a_market_to_another() -> None:
    assert "gemini" in {one.name for one in load([])[0]["ccxt"].markets}
    found, _ = load([point("gemini")])
    (source,) = found["ccxt"].sources
    assert "gemini" not in {*source.capabilities.markets, *(one.name for one in found["ccxt"].markets)}
    assert [one.name for one in found["acme"].markets] == ["gemini"]


def changed(**capabilities: object) -> Callable[[], Provider]:
    can = replace(CAN, **capabilities)  # type: ignore[arg-type]
    return lambda: replace(ACME, sources=(replace(SOURCE, capabilities=can),))


REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "a name that is taken": (lambda: replace(ACME, name="kraken"), "there is a provider 'kraken' already"),
    "a name that is none": (lambda: replace(ACME, name="Acme Inc."), "no provider's name"),
    "a source that is taken": (
        lambda: replace(ACME, sources=(replace(SOURCE, name="kraken_rest"),)),
        "'kraken_rest' is no name of a source, or is taken",
    ),
    "a market that is taken": (
        lambda: replace(ACME, markets=(*ACME.markets, Market("spot", "2020-01", ("klines",), ("1m",)))),
        "a market 'spot', which there is already",
    ),
    "a market that nobody brings": (changed(markets=("mars",)), "unknown market 'mars'"),
    "an unknown column": (changed(columns=CAN.columns | {"vibes"}), "unknown columns vibes"),
    "bars without prices": (changed(columns=frozenset({"volume"})), "bars without open, high, low, close"),
    "an unknown type": (changed(kinds=("auctions",)), "unknown type 'auctions'"),
    "no provider at all": (lambda: NOT_A_PROVIDER, "gives no bcdata Provider but list"),
    "a page of no rows": (changed(page_rows=-5), "-5 rows are no page"),
    "a market of another type": (lambda: replace(ACME, markets=("acme",)), "cannot be understood: AttributeError"),  # type: ignore[arg-type]
    "an exit": (lambda: sys.exit(0), "cannot be loaded: SystemExit: 0"),
    "an error of its own": (broken, "cannot be loaded: RuntimeError: no licence"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, words = REFUSED[case]
    monkeypatch.setitem(globals(), "given", make)
    found, [one] = load([point("given")])
    assert list(found) == list(load([])[0]), "the others are as they were"
    assert re.search(f"entry point 'acme'.*{words}.*repair or uninstall", str(one))


def test_of_two_packages_with_one_name_neither_is_taken() -> None:
    found, unavailable = load([point("ACME"), point("made")])
    assert "acme" not in found
    assert [one.package for one in unavailable] == [f"{__name__}:ACME", f"{__name__}:made"]
    assert all("there is a provider 'acme' already" in one.reason for one in unavailable)


def test_a_value_that_is_no_provider() -> None:
    _, [one] = load([point("NOT_A_PROVIDER")])
    assert "gives no bcdata Provider but list" in one.reason


def test_an_entry_point_that_leads_nowhere() -> None:
    _, [one] = load([EntryPoint("acme", "no_such_module_of_anybody:PROVIDER", GROUP)])
    assert "cannot be loaded: ModuleNotFoundError" in one.reason
