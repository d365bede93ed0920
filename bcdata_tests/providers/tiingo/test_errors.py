"""Tiingo says what is wrong in a detail; the status decides where that is not known."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.net.policy import Refusal, Reply
from bcdata.providers.tiingo.errors import classify
from bcdata_tests.providers.tiingo.recorded import recorded


def refusal(status: int, body: bytes | str, **headers: str) -> Refusal | None:
    return classify(Reply(status, headers, body if isinstance(body, bytes) else body.encode()))


def kind(status: int, body: bytes | str) -> str | None:
    found = refusal(status, body)
    return found.kind if found else None


def said(detail: str) -> str:
    return json.dumps({"detail": detail})


@pytest.mark.parametrize("status", [200, 400, 403, 429, 503])
@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ("Error: You have run over your hourly request allocation.", "rate_limited"),
        ("Error: You have run over your 50 hourly request allocation. Please upgrade at https://x", "rate_limited"),
        ("Error: You have run over your daily request allocation. Please upgrade.", "quota_spent"),
        ("Error: You have run over your 500 symbol look up for this month. Please upgrade.", "quota_spent"),
        ("You have used 1000 symbol look up this period", "quota_spent"),
        ("Error: You have run over your monthly bandwidth", "quota_spent"),
        ("Error: Ticker 'GONE' not found", "unknown_symbol"),
        ("error: ticker 'BRK-Z' NOT FOUND", "unknown_symbol"),
        ("You do not have permission to access the News API", "not_entitled"),
        ("Please upgrade your plan", "not_entitled"),
        ("Invalid token.", "bad_key"),
        ("Authentication credentials were not provided.", "bad_key"),
        ("Please supply a valid API token", "bad_key"),
        ("Error: startDate must be YYYY-MM-DD", "bad_request"),
    ],
)
def test_the_detail_decides(status: int, detail: str, expected: str) -> None:
    assert kind(status, said(detail)) == expected
    assert kind(status, json.dumps(detail)) == expected, "a text alone says it too"
    assert kind(status, detail) == expected, "and one that is no JSON"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "[]", "no_data"),
        (200, '[{"date":"2024-03-08T00:00:00.000Z"}]', None),
        (200, '{"ticker":"AAPL","startDate":"1980-12-12"}', None),
        (200, '{"bars":[]}', "bad_answer"),
        (200, said("Something new"), "bad_answer"),
        (401, said("Something new"), "bad_key"),
        (403, said("Something new"), "not_entitled"),
        (404, said("Not found."), "bad_answer"),
        (404, said("Ticker unknown"), "unknown_symbol"),
        (404, "<html>permission</html>", "bad_answer"),
        (400, "{}", "bad_request"),
        (429, "", "rate_limited"),
        (451, "", "blocked"),
        (500, said("Something new"), "down"),
        (503, "<html>nginx</html>", "down"),
        (200, "<html>Please sign in with your API token</html>", "bad_answer"),
        (200, b"\xff\xfe", "bad_answer"),
        (200, "", "bad_answer"),
        (200, "null", "bad_answer"),
    ],
)
def test_other_replies(status: int, body: bytes | str, expected: str | None) -> None:
    assert kind(status, body) == expected


@pytest.mark.parametrize(
    ("detail", "resets_at"),
    [
        ("You have run over your daily request allocation", datetime(2024, 3, 9, 5, tzinfo=UTC)),
        ("You have run over your 500 symbol look up for this month", datetime(2024, 4, 1, 4, tzinfo=UTC)),
        ("You have run over your bandwidth", datetime(2024, 4, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_quota_is_there_again_at_a_midnight_of_new_york(detail: str, resets_at: datetime) -> None:
    found = refusal(429, said(detail), Date="Fri, 08 Mar 2024 17:20:30 GMT")
    assert found
    assert found.resets_at == resets_at


def test_the_hour_is_waited_for() -> None:
    spent = said("Error: You have run over your hourly request allocation.")
    told = refusal(429, spent, Date="Fri, 08 Mar 2024 17:20:30 GMT")
    untold = refusal(429, spent)
    assert told
    assert untold
    assert (told.retry_after, untold.retry_after) == (39 * 60 + 30, 3600)


def test_quoted_and_recorded_bodies(shared_data: Path) -> None:
    bodies = json.loads((shared_data / "providers" / "error_bodies.json").read_text())["bodies"]
    own = [one for one in bodies if one["provider"] == "tiingo"]
    assert own
    assert [kind(one["http_status"], json.dumps(one["body"])) for one in own] == [one["type"] for one in own]
    assert kind(200, recorded(shared_data, "news_bulk")) == "not_entitled"
    assert kind(404, recorded(shared_data, "invalid_url")) == "bad_answer"
    assert kind(200, recorded(shared_data, "ticker_price_weekly")) is None


@given(st.integers(200, 599), st.binary(max_size=200))
def test_whatever_comes_has_a_meaning(status: int, body: bytes) -> None:
    assert classify(Reply(status, {}, body)) is not None
