"""`bcdata ui`: Dagster's pages and daemon on this lake, as long as the command runs."""

import os
import signal
import socket
import subprocess  # nosec B404 # Dagster alone
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Annotated, NoReturn

import typer

from bcdata.errors import BcdataError, UsageError
from bcdata.terminal.console import err, notes, out

RUNS_BY_DEFAULT = """\
Sensors see to what you have materialized, and ask the network for rows that it lacks and files that are damaged.
Schedules, and the sensors universe, republished and discover_symbols (where the catalog has a universe), wait to be
turned on."""
_WORKSPACE = "load_from:\n  - python_module:\n      module_name: bcdata.definitions\n      location_name: bcdata\n"
_PATIENCE = 120.0
"""Seconds for the pages to come."""
_ENDING = 30.0
"""Seconds for Dagster to end."""
_PAUSE = 0.2
_LINES = 8
"""Of the log, told when Dagster ends by itself."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("ui")(ui)


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the pages.")] = 3000,
    host: Annotated[str, typer.Option(help="The address to listen at; this machine alone by default.")] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
) -> None:
    """Serve Dagster's pages and daemon on this lake.

    They end with Ctrl-C.

    Example: bcdata ui --port 3001 --no-browser
    """
    from bcdata.catalog import load_catalog
    from bcdata.dagster.launch import home_of, open_instance
    from bcdata.reporting.doctor.machine import is_free, next_free
    from bcdata.settings import Settings

    load_catalog()  # a mistake is said here, and not by a process of Dagster's
    if not is_free(host, port):
        free = next_free(host, port)
        hint = f"try: bcdata ui --port {free}" if free else "stop what listens there"
        raise UsageError(f"port {port} of {host} is taken, maybe by another bcdata ui; {hint}")
    root = Settings().root
    home = home_of(root)
    with open_instance(root):
        pass  # its home is made, and told of where it cannot be used
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    out.print(f"Dagster on {root}: {address}\n{RUNS_BY_DEFAULT}", highlight=False, markup=False, soft_wrap=True)
    if host not in _LOOPBACK:
        notes.print("warning: whoever reaches this address can start runs: there is no password", highlight=False)
    log = home / "ui.log"
    with TemporaryDirectory() as folder, _ended_like_ctrl_c():
        workspace = Path(folder, "workspace.yaml")
        workspace.write_text(_WORKSPACE)
        words = ["--workspace", str(workspace), "--host", host, "--port", str(port)]
        try:
            with _dagster(words, {"DAGSTER_HOME": str(home)}, log) as process:
                _wait(process, host, port, log)
                out.print(f"It is up. Ctrl-C ends it; its log is {log}", highlight=False, markup=False)
                if not no_browser:
                    _open(address)
                process.wait()
                _fail(log)
        except KeyboardInterrupt:
            err.print("ended", highlight=False)
            raise typer.Exit(130) from None


@contextmanager
def _dagster(words: list[str], variables: Mapping[str, str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """`dagster dev` in a session of its own, so that a Ctrl-C is ours to pass on; all of it has ended afterwards."""
    environment = {**os.environ, **variables, "PYTHONWARNINGS": "ignore:Function `dev_command` is superseded"}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 # nosec B603 # Dagster alone
            [sys.executable, "-m", "dagster", "dev", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Tells Dagster to end, and ends what has not after a while; a second Ctrl-C does not wait."""
    with suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(_ENDING)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wait(process: "subprocess.Popen[bytes]", host: str, port: int, log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            _fail(log)
        with suppress(OSError), closing(socket.create_connection((host, port), timeout=1)):
            return
        time.sleep(_PAUSE)
    raise BcdataError(f"Dagster's pages did not come within {_PATIENCE:.0f} seconds; its log is {log}")


def _fail(log: Path) -> NoReturn:
    said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]
    raise BcdataError("\n".join([f"Dagster has ended by itself; its log is {log}, and ends with", *said]))


def _open(address: str) -> None:
    """Opens a browser where there is a screen for it."""
    import webbrowser

    if sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(address)


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """While the block runs, a polite end (SIGTERM, a terminal that is closed) is a Ctrl-C.

    So is Ctrl-C itself: shells have what they start in the background ignore it, Dagster's processes with it.
    """

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)
