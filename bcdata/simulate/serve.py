"""Serving a venue from the command line, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from bcdata.errors import UsageError
from bcdata.simulate.binance.exchange import LoopbackExchange
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket
from bcdata.simulate.coinbase.loopback import LoopbackCoinbase
from bcdata.simulate.kraken.loopback import LoopbackKraken
from bcdata.simulate.loopback import Loopback

_GLANCE_SECONDS = 0.5
_SAY = partial(print, flush=True)


def serve(
    *,
    venue: str = "binance",
    folder: Path | None = None,
    port: int = 0,
    now: datetime | None = None,
    say: Callable[[str], None] = _SAY,
) -> None:
    """Serves a folder, or a generated demo market, until Ctrl-C.

    Args:
        venue: `binance`, `kraken` or `coinbase`.
        folder: A tree laid out as Binance's archive, with `data/` in it.
        port: The port on 127.0.0.1; 0 takes a free one.
        now: The venue's present instant (UTC), which then stands still; the real one if None.
        say: Where the `export` lines go that point bcdata at the venue.

    Raises:
        UsageError: there is no such venue or folder, or the port is taken.
    """
    with _server(venue, folder, port, now) as server:
        variables = server.environment()
        if now:
            variables["BCDATA_NOW"] = now.isoformat()
        with _interrupted() as stop:
            say("\n".join(f"export {name}={value}" for name, value in variables.items()))
            # The signal may reach another thread, which does not wake this one: it has to look now and then.
            while not stop.wait(_GLANCE_SECONDS):
                pass


def _server(venue: str, folder: Path | None, port: int, now: datetime | None) -> Loopback:
    if folder and venue != "binance":
        raise UsageError(f"there are no folders of {venue}; leave --folder out")
    if venue == "binance":
        return LoopbackExchange(FolderMarket(folder) if folder else GeneratedMarket.demo(), now=now, port=port)
    demos = {"kraken": LoopbackKraken.demo, "coinbase": LoopbackCoinbase.demo}
    if venue not in demos:
        raise UsageError(f"{venue!r} cannot be simulated; there are binance, {', '.join(demos)}")
    return demos[venue](now=now, port=port)


@contextmanager
def _interrupted() -> Iterator[Event]:
    """An event that Ctrl-C sets: whenever it comes, also between the last line said and the waiting."""
    stop = Event()
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
