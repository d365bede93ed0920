"""The whole platform on loopback: an exchange, a lake, and Dagster's own webserver and daemon."""

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bcdata.simulate import Fault, GeneratedMarket, LoopbackExchange
from bcdata_tests.e2e.api import Api, wait
from bcdata_tests.e2e.processes import ProcessGroup

PROJECT = Path(__file__).parents[2]
NOW = datetime(2023, 3, 10, 9, 30, tzinfo=UTC)
WHOLE = (PROJECT / "docs/examples/whole-universe.yaml").read_text()
EVERY_MINUTE = "* * * * *"
BROKEN = Fault("ETHUSDT-1m-2023-02", "republish", body=b"PK: not a zip, whatever its CHECKSUM says")
REFUSED = Fault("symbol=ETHUSDT&interval=1m", "status", status=451)
"""REST would have the bars that the broken objects lack."""
"""Every object of one partition, daily and monthly, published as bytes that nothing can open."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a test may touch: the API, the exchange, the lake; and the two servers."""

    api: Api
    exchange: LoopbackExchange
    lake: Path
    webserver: ProcessGroup
    daemon: ProcessGroup

    def stop(self) -> list[str]:
        """Asks both servers to end; the processes that did not."""
        self.webserver.ask_to_end()
        self.daemon.ask_to_end()
        return self.webserver.left() + self.daemon.left()

    def say(self) -> str:
        """What both servers printed, for a failing test."""
        return f"--- webserver\n{self.webserver.output}\n--- daemon\n{self.daemon.output}"


@contextmanager
def running(folder: Path, catalog: str = WHOLE) -> Iterator[Platform]:
    """Starts everything in a folder of its own, waits until it is up, and ends it whatever happens."""
    home, lake = folder / "home", folder / "lake"
    home.mkdir()
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, home / name)
    (home / "catalog.yaml").write_text(catalog)
    bin_ = Path(sys.executable).parent
    port = _free_port()
    with LoopbackExchange(GeneratedMarket.demo(), now=NOW, faults=[BROKEN, REFUSED]) as exchange:
        environment = _environment(exchange, home, lake)

        def start(name: str, *words: str) -> ProcessGroup:
            command = [str(bin_ / name), *words, "-w", "workspace.yaml"]
            return ProcessGroup(command, environment=environment, folder=home, log=folder / f"{name}.log")

        # One after the other: stock SQLite storage takes it ill when two processes make its tables at once.
        with start("dagster-webserver", "-h", "127.0.0.1", "-p", port) as webserver:
            api = Api(f"http://127.0.0.1:{port}")
            wait("the webserver", lambda: api.is_up() or not webserver.is_running, seconds=60)
            assert webserver.is_running, webserver.output
            assert api.location()[1]["__typename"] == "RepositoryLocation", webserver.output
            with start("dagster-daemon", "run") as daemon:
                yield Platform(api, exchange, lake, webserver, daemon)


def _environment(exchange: LoopbackExchange, home: Path, lake: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BCDATA_", "DAGSTER_"))}
    return {
        **inherited,
        **exchange.environment(),
        "BCDATA_ROOT": str(lake),
        "BCDATA_STATE": str(home / "state"),
        "BCDATA_NOW": NOW.isoformat(),
        "BCDATA_DAILY_AT": EVERY_MINUTE,
        "DAGSTER_HOME": str(home),
        "PYTHONPATH": str(PROJECT),
        "PYTHONWARNINGS": "default::ResourceWarning:bcdata",
    }


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return str(found.getsockname()[1])
