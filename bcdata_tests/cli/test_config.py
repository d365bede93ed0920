"""`bcdata config` shows no secret, and base addresses that can hide one are refused without showing it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.settings import Settings

ODD = [" ", "\t", "\n", "\r", "\x00", "\x1f", "\x7f", "\u00a0", "\u2028", "\u200b"]


@pytest.mark.parametrize("letter", ODD)
@pytest.mark.parametrize("address", ["https://user:SECR{}ETX@127.0.0.1:1", "https://ho{}st/", " {}https://host"])
def test_blanks_and_control_characters_are_refused(letter: str, address: str) -> None:
    with pytest.raises(UsageError, match=r"^BCDATA_BINANCE_SPOT_URL: .*blanks or control") as error:
        BinanceSettings(binance_spot_url=address.format(letter))
    assert "SECR" not in str(error.value)
    assert "ETX" not in str(error.value)


@pytest.mark.parametrize(
    "secret",
    ["user:SECRETX", "user:SECR@ETX", "SECRETX", "user:SECR\\ETX", "us@er:SECRETX", "user:SECR%20ETX", "user:SECR;ETX"],
)
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_who_and_with_what_is_masked(secret: str, json: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_BINANCE_SPOT_URL", f"https://{secret}@127.0.0.1:1/path")
    monkeypatch.setenv("COLUMNS", "300")
    done = CliRunner().invoke(app, ["config", *json])
    assert done.exit_code == 0
    assert not json or "https://**********@127.0.0.1:1/path" in done.stdout  # a narrow table cuts it
    assert "SECR" not in done.stdout
    assert "ETX" not in done.stdout


def test_any_setting_with_an_address_is_masked_whatever_is_in_it(tmp_path: Path) -> None:
    shown = Settings(daily_at="https://user:SECR ETX\n@b@host/a@b and ftp://me@x").explain()
    assert [one.value for one in shown if one.name == "BCDATA_DAILY_AT"] == [
        "https://**********@host/a@b and ftp://**********@x"
    ]
    root = tmp_path / "a@b"
    assert Settings(root=root).explain()[0].value == str(root)
