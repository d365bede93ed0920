"""`-q` leaves the result and errors, `-v` logs to standard error; every command has both."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.cli.output.verbosity import masked
from bcdata.settings import Settings
from bcdata.terminal.console import notes
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World

DAY = "2025-01-01"


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    logger = logging.getLogger("bcdata")
    handlers, level, passes = list(logger.handlers), logger.level, logger.propagate
    yield
    notes.quiet = False
    logger.handlers, logger.propagate = handlers, passes
    logger.setLevel(level)


def every(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    yield path, {option for one in command.params for option in one.opts}  # type: ignore[attr-defined]
    for name, one in getattr(command, "commands", {}).items():
        yield from every(one, (*path, name))


def test_every_command_has_them() -> None:
    for path, options in every(typer.main.get_command(app)):
        assert {"-v", "--verbose", "-q", "--quiet"} <= options, path


@pytest.mark.slow
def test_a_run_says_as_much_as_is_asked(world: World) -> None:
    world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    command = Command.of(world, BARS_BY_DAY, "verbose")
    words = materialize(D, "BTCUSDT", DAY, DAY, "--until", "parsed", "--no-refill")
    loud = command.here([*words, "-vv"])
    assert loud.returncode == 0, loud.stderr
    assert f"INFO bcdata.runs.progress: parsed/binance_archive/{D} BTCUSDT {DAY}: published, 1440 rows" in loud.stderr
    assert "DEBUG bcdata.runs.progress" in loud.stderr
    assert "DEBUG" not in loud.stdout
    info = command.here(["-v", *words])
    assert "INFO" in info.stderr
    assert "DEBUG" not in info.stderr
    quiet = command.run([*words, "-q"])
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert "parsed/binance_archive" in quiet.stdout
    wrong = command.here(["-q", "symbols", "nope"])
    assert wrong.returncode == 2
    assert "nope" in wrong.stderr, "errors are told all the same"


def test_notes_are_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = BARS_BY_DAY.replace(D, "spot_trades").replace(", binance_rest", "").split("    features")[0]
    (tmp_path / "catalog.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path))
    monkeypatch.delenv("BCDATA_CATALOG", raising=False)
    assert "spot_trades" in CliRunner().invoke(app, ["status"]).stderr
    assert CliRunner().invoke(app, ["status", "-q"]).stderr == ""


def test_secrets_are_masked_in_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALERT_URLS", "mailto://x:hunter2@mail")
    text = masked("sent to mailto://x:hunter2@mail and http://me:hunter2@host/a")
    assert "hunter2" not in text
    assert "host/a" in text


def test_workers_and_fetches_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (Settings().jobs, Settings().fetches) == (None, None)
    monkeypatch.setenv("BCDATA_JOBS", "3")
    monkeypatch.setenv("BCDATA_FETCHES", "9")
    assert (Settings().jobs, Settings().fetches) == (3, 9)
    monkeypatch.setenv("BCDATA_JOBS", "0")
    with pytest.raises(Exception, match="BCDATA_JOBS"):
        Settings()
