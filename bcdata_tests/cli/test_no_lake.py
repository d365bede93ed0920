"""A root that is not there is said so by every command that reads it; nothing is made there."""

import json
import sys
from pathlib import Path

import pytest

from bcdata.catalog.load import PACKAGED
from bcdata.cli import main

D = "spot_klines_1m"
READERS = {
    "query": (["query", "SELECT 1"], 2),
    "export": (["export", "--dataset", D, "--symbols", "BTCUSDT", "--out", "out"], 2),
    "status": (["status"], 0),
    "gaps": (["gaps"], 0),
    "sources": (["sources", D], 2),
    "verify": (["verify"], 1),
    "universe": (["universe", "--market", "spot"], 0),
    "halts": (["halts", "--dataset", D], 2),
    "report": (["features", "report", "--dataset", D, "--symbols", "BTCUSDT", "--from", "2023-01", "--to", "2023-01",
                "--html", "page.html"], 2),
}  # fmt: skip


@pytest.fixture(params=["typo", "file"])
def root(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    place = tmp_path / str(request.param)
    monkeypatch.setenv("BCDATA_ROOT", str(place))
    monkeypatch.setenv("BCDATA_CATALOG", str(PACKAGED))
    monkeypatch.setenv("BCDATA_STATE", str(tmp_path / "state"))
    return place


def run(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> object:
    monkeypatch.setattr(sys, "argv", ["bcdata", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize("name", READERS)
def test_one_line_names_the_root(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, status = READERS[name]
    assert run(monkeypatch, words) == status
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if line]
    assert len(lines) == 1
    assert f"there is no lake at {root}" in lines[0]
    assert "BCDATA_ROOT" in lines[0]
    assert not root.is_dir()
    assert not Path("out").exists()


@pytest.mark.parametrize("name", [name for name in READERS if name != "report"])
def test_json_stays_json(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words, status = READERS[name]
    assert run(monkeypatch, [*words, "--json"]) == status
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert f"there is no lake at {root}" in (found["error"] if status else said.err)


def test_an_empty_folder_is_a_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(tmp_path))
    monkeypatch.setenv("BCDATA_CATALOG", str(PACKAGED))
    for name in ("query", "status", "gaps", "universe"):
        assert run(monkeypatch, READERS[name][0]) == 0
        assert capsys.readouterr().err == ""
