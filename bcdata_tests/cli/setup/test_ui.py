"""`bcdata ui`: it serves, ends with one line, leaves no process, and says what is in its way."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bcdata.errors import UsageError
from bcdata.reporting.doctor.machine import is_free
from bcdata_tests.cli.examples import example
from bcdata_tests.pseudo_terminal import typing
from bcdata_tests.world import BARS_BY_DAY

WORDS = [sys.executable, "-m", "bcdata", "ui", "--no-browser"]


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "catalog.yaml").write_text(BARS_BY_DAY)
    places = {"ROOT": tmp_path / "lake", "CATALOG": tmp_path / "catalog.yaml", "STATE": tmp_path / "state"}
    own = {f"BCDATA_{name}": str(path) for name, path in places.items()}
    return {**os.environ, **own, "DAGSTER_HOME": str(tmp_path / "home"), "TERM": "xterm"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.slow
def test_a_taken_port_names_the_next_free_one(variables: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = [*WORDS, "--port", str(taken.getsockname()[1])]
        done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is taken" in done.stderr
    assert "try: bcdata ui --port " in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("host", ["999.1.1.1", "203.0.113.7", "no such host"])
def test_an_address_that_the_machine_lacks_is_no_taken_port(host: str) -> None:
    with pytest.raises(UsageError, match="this machine has no address"):
        is_free(host, 3000)


@pytest.mark.slow
@pytest.mark.e2e
@example("ui")
def test_it_serves_until_control_c(variables: dict[str, str], words: list[str]) -> None:
    port = free_port()
    free = [word if word != "3001" else str(port) for word in words]
    with typing([sys.executable, "-m", "bcdata", *free], variables, columns=120) as (process, terminal):
        terminal.wait(f"http://127.0.0.1:{port}")
        terminal.wait("wait to be\nturned on.")
        terminal.wait("It is up")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=20) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        terminal.wait("ended")
        assert process.wait(40) == 130, terminal.shown
    assert "Traceback" not in terminal.shown
    left = subprocess.run(["pgrep", "-f", f"port {port}"], capture_output=True, text=True, check=False).stdout
    assert left == "", "no process of it is left"


@pytest.mark.slow
@pytest.mark.e2e
def test_what_a_shell_started_in_the_background_can_be_interrupted(variables: dict[str, str]) -> None:
    """A shell has it ignore Ctrl-C; were Dagster to ignore it as well, it would be killed after half a minute."""
    words = ["sh", "-c", 'trap "" INT; exec "$0" "$@"', *WORDS, "--port", str(free_port())]
    with subprocess.Popen(
        words, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            assert any("It is up" in line for line in process.stdout)
            asked = ["pgrep", "-P", str(process.pid)]
            [child] = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
            assert not ignores(int(child), signal.SIGINT)
            process.send_signal(signal.SIGINT)
            assert process.wait(100) == 130
        finally:
            process.send_signal(signal.SIGTERM)


def ignores(process: int, number: signal.Signals) -> bool:
    """Whether a process has a signal ignored."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [mask] = [int(line.split()[1], 16) for line in lines if line.startswith("SigIgn")]
    return bool(mask >> (number - 1) & 1)
