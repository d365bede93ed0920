"""Serving an exchange from the command line, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from bcdata.simulate.binance.exchange import LoopbackExchange
from bcdata.simulate.binance.market.folder import FolderMarket
from bcdata.simulate.binance.market.generated import GeneratedMarket

_GLANCE_SECONDS = 0.5
_SAY = partial(print, flush=True)


def serve(
    *,
    folder: Path | None = None,
    port: int = 0,
    now: datetime | None = None,
    say: Callable[[str], None] = _SAY,
) -> None:
    """Serves a folder, or the generated demo market, until Ctrl-C.

    Args:
        folder: A tree laid out as the archive, with `data/` in it.
        port: The port on 127.0.0.1; 0 takes a free one.
        now: The exchange's present instant (UTC), which then stands still; the real one if None.
        say: Where the `export` lines go that point bcdata at the exchange.

    Raises:
        UsageError: there is no such folder, or the port is taken.
    """
    market = FolderMarket(folder) if folder else GeneratedMarket.demo()
    with LoopbackExchange(market, now=now, port=port) as exchange:
        variables = exchange.environment()
        if now:
            variables["BCDATA_NOW"] = now.isoformat()
        with _interrupted() as stop:
            say("\n".join(f"export {name}={value}" for name, value in variables.items()))
            # The signal may reach another thread, which does not wake this one: it has to look now and then.
            while not stop.wait(_GLANCE_SECONDS):
                pass


@contextmanager
def _interrupted() -> Iterator[Event]:
    """An event that Ctrl-C sets: whenever it comes, also between the last line said and the waiting."""
    stop = Event()
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
