"""Settings: environment over .env over defaults, and each value's origin."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bcdata.errors import UsageError
from bcdata.settings import LayeredSettings, Settings


class WithSecret(LayeredSettings):
    api_key: SecretStr = SecretStr("")
    attempts: int = 5


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROOT", "CATALOG", "API_KEY", "ATTEMPTS"):
        monkeypatch.delenv(f"BCDATA_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def origins(settings: LayeredSettings) -> dict[str, tuple[str, str]]:
    return {name: (value, origin) for name, value, origin in settings.explain()}


def test_defaults() -> None:
    settings = Settings()
    assert (settings.root, settings.catalog) == (Path("data"), None)
    told = origins(settings)
    assert {origin for _, origin in told.values()} == {"default"}
    assert (told["BCDATA_ROOT"][0], told["BCDATA_CATALOG"][0]) == ("data", "")
    assert set(told) == {f"BCDATA_{name.upper()}" for name in Settings.model_fields}


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BCDATA_ROOT=/from/file\nBCDATA_CATALOG=file.yaml\nOTHER=1\nBCDATA_ELSE=2\n")
    monkeypatch.setenv("BCDATA_ROOT", "/from/environment")
    told = origins(Settings())
    assert told["BCDATA_ROOT"] == ("/from/environment", "environment")
    assert told["BCDATA_CATALOG"] == ("file.yaml", ".env")
    assert told["BCDATA_DAILY_AT"][1] == "default"
    assert origins(Settings(root=Path("given")))["BCDATA_ROOT"] == ("given", "argument")


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ROOT", "")
    assert origins(Settings())["BCDATA_ROOT"] == ("data", "default")


def test_settings_are_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings()
    monkeypatch.setenv("BCDATA_ROOT", "/later")
    assert (before.root, Settings().root) == (Path("data"), Path("/later"))
    with pytest.raises(ValidationError, match="frozen"):
        before.root = Path("x")  # type: ignore[misc]


def test_what_changes_holds_from_the_next_time_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is read again when anything in it is another, a file each time, and nobody sees another's."""
    file = tmp_path / ".env"
    for number in (1, 2):
        monkeypatch.setenv("BCDATA_ATTEMPTS", str(number))
        assert [WithSecret().attempts for _ in range(2)] == [number, number]
    monkeypatch.setenv("bcdata_attempts", "3")
    monkeypatch.delenv("BCDATA_ATTEMPTS")
    assert WithSecret().attempts == 3
    monkeypatch.delenv("bcdata_attempts")
    assert WithSecret().attempts == 5
    for number in (6, 7):
        file.write_text(f"BCDATA_ATTEMPTS={number}\n")
        assert WithSecret().attempts == number
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert (WithSecret().attempts, WithSecret(attempts=8).attempts, WithSecret().attempts) == (5, 8, 5)
    assert Settings().jobs is None


def test_the_home_folder_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("BCDATA_ROOT", "~/lake")
    assert Settings().root == Path("/home/somebody/lake")


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_API_KEY", "hunter2")
    settings = WithSecret()
    assert settings.api_key.get_secret_value() == "hunter2"
    assert "hunter2" not in f"{settings!r} {settings} {settings.explain()} {settings.model_dump_json()}"
    assert origins(settings)["BCDATA_API_KEY"] == ("**********", "environment")
    assert origins(WithSecret(api_key=SecretStr("")))["BCDATA_API_KEY"] == ("", "argument")


def test_errors_name_the_variable_and_not_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ATTEMPTS", "hunter2")
    with pytest.raises(UsageError, match=r"^BCDATA_ATTEMPTS: Input should be a valid integer") as caught:
        WithSecret()
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"BCDATA_ROOT=\xff\n")
    with pytest.raises(UsageError, match="env is not UTF-8"):
        Settings()
