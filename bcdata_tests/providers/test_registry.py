"""Providers of other packages: found by their entry point, or refused in words that name the package."""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from bcdata.errors import UsageError
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
    found = load([point(name)])
    assert found["acme"] is ACME
    assert "binance" in found


def gemini() -> Provider:
    can, market = replace(CAN, markets=("gemini",)), Market("gemini", "2020-01", ("klines",), ("1m",))
    return replace(ACME, sources=(replace(SOURCE, capabilities=can),), markets=(market,))


def test_a_provider_that_gives_way_leaves_a_market_to_another() -> None:
    assert "gemini" in {one.name for one in load([])["ccxt"].markets}
    found = load([point("gemini")])
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
    "an error of its own": (broken, "cannot be loaded: RuntimeError: no licence"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, words = REFUSED[case]
    monkeypatch.setitem(globals(), "given", make)
    with pytest.raises(UsageError, match=f"entry point 'acme'.*{words}"):
        load([point("given")])


def test_two_packages_with_one_name() -> None:
    with pytest.raises(UsageError, match="there is a provider 'acme' already; take out one of the two packages"):
        load([point("ACME"), point("made")])


def test_an_entry_point_that_leads_nowhere() -> None:
    with pytest.raises(UsageError, match=r"cannot be loaded: \w+: "):
        load([EntryPoint("acme", "no_such_module_of_anybody:PROVIDER", GROUP)])
