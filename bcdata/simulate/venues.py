"""The venues that can be simulated: each is a folder here, found by its name, that says how it is served."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from bcdata.errors import UsageError
from bcdata.simulate.loopback import Loopback

BUILT_IN = (
    *("binance", "kraken", "coinbase", "bitstamp"),
    *("yahoo", "tiingo", "fmp", "polygon", "alpaca", "alpha_vantage"),
)
"""Their names."""
DEFAULT = BUILT_IN[0]
"""What is served where no venue is named."""


class Demo(Protocol):
    """Makes a server of a generated market; `now` as for `Loopback`."""

    def __call__(self, *, now: datetime | None, port: int) -> Loopback:
        """The server, which is not running yet."""


class FolderVenue(Protocol):
    """Makes a server of a tree of files, laid out as the venue publishes them."""

    def __call__(self, folder: Path, *, now: datetime | None, port: int) -> Loopback:
        """The server, which is not running yet.

        Raises:
            UsageError: there is no such tree.
        """


@dataclass(frozen=True, slots=True)
class Venue:
    """How a venue is served; `of_folder` is None where it publishes no files."""

    demo: Demo
    of_folder: FolderVenue | None = None


def modules() -> Iterator[tuple[str, ModuleType]]:
    """The venues' packages by name; one that was taken out leaves the others as they are."""
    for name in BUILT_IN:
        module = f"bcdata.simulate.{name}"
        try:
            yield name, import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise


def venue(name: str) -> Venue:
    """A venue by its name.

    Raises:
        UsageError: there is none of this name.
    """
    known = dict(modules())
    if name not in known:
        raise UsageError(f"{name!r} cannot be simulated; there are {', '.join(known)}")
    found: Venue = known[name].VENUE
    return found


def exported(name: str) -> Any:
    """What a venue's package exports under this name: its loopback server, its generated market.

    Raises:
        AttributeError: none does.
    """
    for _, module in modules() if not name.startswith("_") else ():
        if name in module.__all__:
            return getattr(module, name)
    raise AttributeError(f"module 'bcdata.simulate' has no attribute {name!r}")
