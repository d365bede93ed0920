"""Messages over real sockets: told once, folded, without secrets, and again after a failure."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bcdata.alerts.channels import channels
from bcdata.alerts.deliver import tell
from bcdata.alerts.settings import AlertSettings
from bcdata.errors import BcdataError, UsageError
from bcdata.settings import MASK
from bcdata.store.state.outbox import Notice, Outbox
from bcdata_tests.alerts.conftest import TOKEN, Webhook
from bcdata_tests.run import utc

NOW = utc("2025-03-01")
HOUR = timedelta(hours=1)


def notice(number: int, key: str = "gate") -> Notice:
    return Notice(f"{key}/{number}", key, f"{key} failed", f"partition {number} is held back; look at bcdata status")


def test_a_fact_is_told_once(webhook: Webhook, tmp_path: Path) -> None:
    done = tell(tmp_path, [notice(1)], NOW)
    assert (done.new, done.sent, done.troubles) == (1, 1, [])
    assert tell(tmp_path, [notice(1)], NOW + 100 * HOUR).sent == 0
    [message] = webhook.messages
    assert message["title"] == "bcdata: gate failed"
    assert message["message"] == "partition 1 is held back; look at bcdata status"


def test_what_repeats_within_the_window_is_one_message_with_a_count(webhook: Webhook, tmp_path: Path) -> None:
    tell(tmp_path, [notice(0)], NOW)
    for number in range(1, 8):
        tell(tmp_path, [notice(number)], NOW + number * HOUR / 2)
    assert len(webhook.messages) == 1
    tell(tmp_path, [], NOW + 6 * HOUR)
    assert len(webhook.messages) == 2
    assert "7 times since 2025-03-01 00:30 UTC" in webhook.messages[1]["message"]
    assert "partition 7" in webhook.messages[1]["message"]
    tell(tmp_path, [], NOW + 50 * HOUR)
    assert len(webhook.messages) == 2


def test_many_facts_at_once_are_one_message(webhook: Webhook, tmp_path: Path) -> None:
    tell(tmp_path, [*(notice(n) for n in range(500)), *(notice(n, f"kind{n:02}") for n in range(20))], NOW)
    [message] = webhook.messages
    assert message["title"] == "bcdata: 21 kinds of trouble"
    assert "500 times" in message["message"]
    assert "And 11 more kinds" in message["message"]


def test_a_channel_that_fails_is_tried_again_later_and_gets_everything(webhook: Webhook, tmp_path: Path) -> None:
    webhook.status = 500
    done = tell(tmp_path, [notice(1)], NOW)
    assert done.sent == 0
    [trouble] = done.troubles
    assert "1 (json)" in trouble
    assert TOKEN not in trouble
    webhook.status = 200
    assert tell(tmp_path, [notice(2)], NOW + timedelta(seconds=30)).sent == 0, "it is left alone for a while"
    assert tell(tmp_path, [], NOW + timedelta(minutes=3)).sent == 1
    assert "2 times" in webhook.messages[-1]["message"]


def test_it_is_left_alone_longer_each_time_but_never_for_more_than_an_hour(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    waits = [outbox.failed("1 (json)", NOW) - NOW for _ in range(20)]
    assert waits[:3] == [timedelta(minutes=n) for n in (2, 4, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == HOUR


def test_what_is_noticed_while_a_message_is_on_its_way_is_not_lost(tmp_path: Path) -> None:
    outbox, channel = Outbox(tmp_path), "1 (json)"
    outbox.note([notice(1)], [channel], NOW)
    on_its_way = outbox.due(channel, NOW, HOUR)
    outbox.note([notice(2)], [channel], NOW)
    outbox.delivered(channel, on_its_way, NOW)
    assert outbox.due(channel, NOW, HOUR) == []
    [left] = outbox.due(channel, NOW + HOUR, HOUR)
    assert left.count == 1
    assert "partition 2" in left.text


def test_a_dead_channel_does_not_keep_messages_from_the_others(
    webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDATA_ALERT_URLS", f"json://127.0.0.1:1/{TOKEN}, {webhook.url}")
    done = tell(tmp_path, [notice(1)], NOW)
    assert (done.sent, len(done.troubles), len(webhook.messages)) == (1, 1, 1)


def test_secrets_stay_here(
    webhook: Webhook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TIINGO_API_KEY", "abcdef012345")
    webhook.status = 403
    leak = Notice("leak", "leak", f"at {webhook.url}", f"GET https://x/?token=abcdef012345 with {TOKEN} failed")
    done = tell(tmp_path, [leak], NOW)
    told = (
        str(webhook.messages) + str(done.troubles) + caplog.text + repr(AlertSettings()) + repr(channels([webhook.url]))
    )
    told += str(Outbox(tmp_path).due("1 (json)", NOW + HOUR, HOUR))
    assert "failed" in told
    assert TOKEN not in told
    assert "abcdef012345" not in told
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    [urls, _] = AlertSettings().explain()
    assert urls.value == MASK


def test_without_a_channel_nothing_is_kept_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BCDATA_ALERT_URLS", raising=False)
    assert not AlertSettings().is_on
    assert tell(tmp_path, [notice(1)], NOW).sent == 0


def test_addresses_come_from_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BCDATA_ALERT_URLS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("BCDATA_ALERT_URLS=json://127.0.0.1\n")
    assert not AlertSettings().is_on


@pytest.mark.parametrize("between", [" ", ",", ", ", "\n"])
def test_several_addresses(between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    urls = ["mailto://a:b@host?to=x@y,z@y", "json://127.0.0.1"]
    monkeypatch.setenv("BCDATA_ALERT_URLS", between.join(urls))
    assert AlertSettings().urls == urls


def test_an_address_that_means_nothing_is_refused_without_being_shown() -> None:
    [channel] = channels([f"nonsense://{TOKEN}"])
    with pytest.raises(UsageError, match=r"1 \(nonsense\)") as refused:
        channel.check()
    assert TOKEN not in str(refused.value)


@pytest.fixture
def no_apprise(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra were not installed: importing it fails as it does then."""
    monkeypatch.setitem(sys.modules, "apprise", None)


@pytest.mark.usefixtures("no_apprise")
def test_without_apprise_the_mend_is_said_and_the_message_kept(webhook: Webhook, tmp_path: Path) -> None:
    with pytest.raises(BcdataError, match=r"pip install 'bcdata\[alerts\]'"):
        channels([webhook.url])[0].send("title", "body")
    done = tell(tmp_path, [notice(1)], NOW)
    assert "pip install" in done.troubles[0]
    assert Outbox(tmp_path).due("1 (json)", NOW + HOUR, HOUR)


def test_one_process_delivers_at_a_time(webhook: Webhook, tmp_path: Path) -> None:
    with Outbox(tmp_path).delivering() as is_ours:
        assert is_ours
        assert tell(tmp_path, [notice(1)], NOW).sent == 0
    assert tell(tmp_path, [notice(1)], NOW).sent == 1
    assert len(webhook.messages) == 1
