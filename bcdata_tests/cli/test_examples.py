"""Examples of help that need more than the known lake: a server, months of bars, a run that failed, or a minute."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from bcdata.cli import app, complete
from bcdata.dagster.launch import open_instance
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step
from bcdata.runs.progress import listening
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata.windows import Grain
from bcdata_tests.alerts.conftest import Webhook
from bcdata_tests.alerts.conftest import webhook as webhook  # noqa: PLC0414 (a fixture)
from bcdata_tests.cli.conftest import CATALOG, D, Known
from bcdata_tests.cli.examples import example
from bcdata_tests.command import materialize
from bcdata_tests.dagster.test_history import add
from bcdata_tests.mirror import Mirror, made_day
from bcdata_tests.run import pointed_at, utc
from bcdata_tests.simulate.client import get

GUIDES = Path(__file__).parents[2] / "docs/examples"


@dataclass(frozen=True, slots=True)
class Place:
    """A copy of the known lake, which examples may change, and the folder that they are run in."""

    folder: Path
    variables: dict[str, str]

    def run(self, words: list[str], **more: str) -> str:
        """What the command says; it must end well."""
        done = CliRunner().invoke(app, words, env={**self.variables, **more})
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output


@pytest.fixture(scope="module")
def copy(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("examples")
    for name in ("lake", "dagster"):
        shutil.copytree(known.folder / name, folder / name)
    own = {"BCDATA_ROOT": str(folder / "lake"), "DAGSTER_HOME": str(folder / "dagster")}
    return Place(folder, {**known.variables, **own})


@pytest.fixture
def place(copy: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(copy.folder)
    return copy


@example("verify")
def test_verify(place: Place, words: list[str]) -> None:
    said = place.run(words)
    assert D in said
    assert "nothing is wrong" in said


@example("features", "report")
def test_features_report(place: Place, words: list[str]) -> None:
    assert place.run(words) == "wrote f.html\n"
    assert "rsi_14" in (place.folder / "f.html").read_text()


@example("features", "check")
def test_features_check(place: Place, words: list[str]) -> None:
    shutil.copy(GUIDES / words[-1], place.folder)
    assert "proofs hold" in place.run(words)


@example("universe")
def test_universe(place: Place, words: list[str]) -> None:
    place.run(["universe", "--market", "spot", "--update"])
    assert "BTCUSDT" in place.run(words, BCDATA_NOW="2024-01-02T00:00:00Z")


@example("alert", "test")
def test_alert_test(place: Place, webhook: Webhook, words: list[str]) -> None:
    assert "took the message" in place.run(words, BCDATA_ALERT_URLS=webhook.url)
    assert [one["title"] for one in webhook.messages] == ["bcdata: test"]


@example("jobs", "cancel")
def test_jobs_cancel(place: Place, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", place.variables["DAGSTER_HOME"])
    with open_instance(place.folder / "lake") as instance:
        number = add(instance, dg.DagsterRunStatus.QUEUED)
    assert "left the queue" in place.run([*words[:-1], number[: len(words[-1])]])


class Key:
    """A listener that presses Ctrl-C."""

    def fetched(self, _step: Step, _size: int) -> None:
        pass

    def ended(self, _step: Step, _outcome: Outcome) -> None:
        signal.raise_signal(signal.SIGINT)


@example("jobs", "retry")
def test_jobs_retry(known: Known, place: Place, words: list[str]) -> None:
    own = {"BCDATA_ROOT": str(place.folder / "incomplete"), "DAGSTER_HOME": str(place.folder / "incomplete/.dagster")}
    fault = Fault("ETHUSDT-1m-2023-01-02.zip", "status", status=500)
    known.exchange.add(fault)
    first = materialize(D, "ETHUSDT", "2023-01", "2023-01", "--until", "merged", "--no-refill", "--json")
    done = CliRunner().invoke(app, first, env={**place.variables, **own})
    known.exchange.remove(fault)
    assert done.exit_code == 1
    [number] = json.loads(done.stdout)["runs"]
    with listening(Key()):
        stopped = CliRunner().invoke(app, [*words[:-1], number], env={**place.variables, **own})
    assert stopped.exit_code == 130
    again = re.search(r"Go on from here: bcdata jobs retry ([0-9a-f]{8})", stopped.stderr)
    assert again
    assert again[1] != number[:8]
    said = place.run([*words[:-1], again[1]], **own)
    assert f"run {again[1]} went on as " in said
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**place.variables, **own}.items():
            patch.setenv(name, value)
        assert number[:8] in {word for word, _ in complete.jobs("")}
        assert [word for word, _ in complete.jobs(number[:4])] == [number[:8]]


@pytest.mark.slow
@example("materialize")
def test_materialize(tmp_path: Path, words: list[str]) -> None:
    mirror, months = Mirror(tmp_path / "archive"), Grain.MONTH.keys(words[-3], words[-1])
    for symbol in words[words.index("--symbols") + 1].split(","):
        for month in months:
            days = (str(day) for day in Grain.MONTH.window(month).days())
            mirror.put_month(symbol, month, [row for day in days for row in made_day(day)])
    catalog = CATALOG.replace("{select: [log_ret_1, rsi_14]}", "false")
    (tmp_path / "catalog.yaml").write_text(catalog)
    own = {
        "BCDATA_ROOT": str(tmp_path / "lake"),
        "BCDATA_CATALOG": str(tmp_path / "catalog.yaml"),
        "BCDATA_NOW": "2023-07-02T00:00:00Z",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
    }
    exchange = LoopbackExchange(FolderMarket(mirror.root, rest_source=mirror.root), now=utc("2023-07-02"))
    with exchange, pointed_at(exchange.environment(), tmp_path / "state") as variables:
        done = CliRunner().invoke(app, words, env={**variables, **own})
    assert done.exit_code == 0, (done.output, done.exception)
    [merged] = [line.split() for line in done.stdout.splitlines() if line.startswith("merged")]
    assert merged == ["merged", "12", f"{2 * 181 * 1440:,}"]


@example("simulate")
def test_simulate(words: list[str]) -> None:
    with subprocess.Popen([sys.executable, "-m", "bcdata", *words], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            variable, _, address = process.stdout.readline().strip().removeprefix("export ").partition("=")
            assert variable == "BCDATA_KRAKEN_URL"
            assert get(f"{address}/0/public/OHLC", pair="NOPE").json == {"error": ["EQuery:Unknown asset pair"]}
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
@example("demo")
def test_demo(place: Place, words: list[str], capfd: pytest.CaptureFixture[str], shell: Callable[[str], str]) -> None:
    """In a folder whose own catalog has not the datasets of the demo."""
    said = place.run(words)
    steps = capfd.readouterr().out
    assert "BTCUSD_PERP" in said
    assert "quote_volume" in steps
    [asked] = [line.strip() for line in said.splitlines() if line.strip().endswith("bcdata sql")]
    sql = "FROM (SELECT count(*) AS bars FROM cm_klines_1m);"
    assert json.loads(shell(f"echo '{sql}' | {asked} --json")) == {"bars": 44640}


@pytest.fixture
def shell(place: Place) -> Callable[[str], str]:
    """Runs a line of a shell that finds the command."""
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"  # noqa: PTH120
    variables = {**os.environ, **place.variables, "PATH": path}

    def run(line: str) -> str:
        words = ["sh", "-c", line]
        return subprocess.run(words, env=variables, cwd=place.folder, capture_output=True, text=True, check=True).stdout

    return run
