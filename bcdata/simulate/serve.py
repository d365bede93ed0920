"""Serving a venue from the command line, until Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event

from bcdata.errors import UsageError
from bcdata.simulate import venues
from bcdata.simulate.loopback import Loopback

_GLANCE_SECONDS = 0.5
_SAY = partial(print, flush=True)


def serve(
    *,
    venue: str = venues.DEFAULT,
    folder: Path | None = None,
    port: int = 0,
    now: datetime | None = None,
    say: Callable[[str], None] = _SAY,
) -> None:
    """Serves a folder, or a generated demo market, until Ctrl-C.

    Args:
        venue: the name of one of `venues`.
        folder: A tree laid out as the venue publishes its files.
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


def _server(name: str, folder: Path | None, port: int, now: datetime | None) -> Loopback:
    venue = venues.venue(name)
    if folder is None:
        return venue.demo(now=now, port=port)
    if venue.of_folder is None:
        raise UsageError(f"there are no folders of {name}; leave --folder out")
    return venue.of_folder(folder, now=now, port=port)


@contextmanager
def _interrupted() -> Iterator[Event]:
    """An event that Ctrl-C sets: whenever it comes, also between the last line said and the waiting."""
    stop = Event()
    before = signal.signal(signal.SIGINT, lambda _signal, _frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
