"""`bcdata alert test`, as a user sees it."""

import pytest

from bcdata.alerts.channels import channels
from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata_tests.alerts.conftest import TOKEN, Webhook


def run(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status, and all that was shown."""
    try:
        status = app(["alert", "test"], standalone_mode=False) or 0
    except SystemExit as left:
        status = int(left.code or 0)
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def test_every_channel_gets_the_message(webhook: Webhook, capsys: pytest.CaptureFixture[str]) -> None:
    status, shown = run(capsys)
    assert status == 0
    assert "channel 1 (json) took the message" in shown
    assert TOKEN not in shown
    assert webhook.messages[0]["title"] == "bcdata: test"


def test_a_channel_that_refuses_is_status_1(webhook: Webhook, capsys: pytest.CaptureFixture[str]) -> None:
    webhook.status = 401
    status, shown = run(capsys)
    assert status == 1
    assert "channel 1 (json) did not take the message" in shown
    assert TOKEN not in shown


def test_without_a_channel_the_mend_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BCDATA_ALERT_URLS", raising=False)
    with pytest.raises(UsageError, match="set BCDATA_ALERT_URLS"):
        app(["alert", "test"], standalone_mode=False)


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("json://user:hush@a.example/x", True),
        ("xml://user:hush@a.example/x", True),
        ("jsons://user:hush@a.example/x", False),
        ("json://user:hush@127.0.0.1:9/x", False),
        ("json://a.example/x", False),
        ("mailto://user:hush@gmail.com", False),
    ],
)
def test_a_password_over_plain_http_is_refused(url: str, is_refused: bool) -> None:
    (channel,) = channels([url])
    if not is_refused:
        channel.check()
        return
    with pytest.raises(UsageError, match="would travel unencrypted") as refused:
        channel.send("title", "body")
    assert "hush" not in str(refused.value)
