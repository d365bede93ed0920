"""Alpaca says what is wrong in a message; the status decides where that is not known."""

from pathlib import Path

import pytest

from bcdata.net.policy import Reply
from bcdata.providers.alpaca.errors import classify
from bcdata_tests.providers.stocks.errors import kind, likewise, quoted

BAR = {"t": "2024-04-01T04:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 422, 429, 500])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("subscription does not permit querying recent SIP data", "not_entitled"),
        ("your subscription does not permit querying data from the past 15 minutes", "not_entitled"),
        ("forbidden.", "bad_key"),
        ("request is not authorized", "bad_key"),
        ("unauthorized.", "bad_key"),
        ("invalid symbol: BRK-B", "unknown_symbol"),
        ("invalid adjustment: some", "bad_request"),
        ("invalid timeframe", "bad_request"),
        ("too many requests.", "rate_limited"),
        ("rate limit exceeded", "rate_limited"),
        ("internal server error occurred", "down"),
    ],
)
def test_the_body_decides(status: int, said: str, expected: str) -> None:
    body = {"code": 42_210_000, "message": said}
    assert {kind(classify, status, one) for one in (body, *likewise(body))} == {expected}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"bars": {"AAPL": [BAR]}, "next_page_token": None}, None),
        (200, {"bars": {}, "next_page_token": None}, "no_data"),
        (200, {"bars": None}, "no_data"),
        (200, {"bars": {"AAPL": []}}, "no_data"),
        (200, {"bars": {}, "next_page_token": "QQ"}, None),
        (200, {"corporate_actions": {}, "next_page_token": None}, "no_data"),
        (200, {"corporate_actions": {"forward_splits": [{}]}}, None),
        (200, {"bars": []}, "bad_answer"),
        (200, {}, "bad_answer"),
        (200, [], "bad_answer"),
        (200, {"message": "nobody has seen this"}, "bad_answer"),
        (200, b"<html>Please sign in</html>", "bad_answer"),
        (401, b"", "bad_key"),
        (403, b"<html>Attention Required!</html>", "blocked"),
        (403, {"message": "nobody has seen this"}, "blocked"),
        (404, {"message": "endpoint not found."}, "bad_answer"),
        (422, {"message": "limit must be positive"}, "bad_request"),
        (429, b"", "rate_limited"),
        (451, {}, "blocked"),
        (503, b"<html>upstream</html>", "down"),
    ],
)
def test_other_replies(status: int, body: object, expected: str | None) -> None:
    assert kind(classify, status, body) == expected


@pytest.mark.parametrize(
    ("reset", "date", "seconds"),
    [
        ("1700000042", "Tue, 14 Nov 2023 22:13:20 GMT", 42.0),
        ("1699999000", "Tue, 14 Nov 2023 22:13:20 GMT", 0.0),
        ("99999999999", "Tue, 14 Nov 2023 22:13:20 GMT", 3600.0),
        ("soon", "Tue, 14 Nov 2023 22:13:20 GMT", None),
        ("1700000042", "today", None),
        ("", "", None),
    ],
)
def test_a_rate_limit_ends_at_the_reset_as_the_reply_counts_time(reset: str, date: str, seconds: float | None) -> None:
    refusal = classify(Reply(429, {"X-Ratelimit-Reset": reset, "Date": date}, b'{"message":"too many requests."}'))
    assert refusal
    assert refusal.retry_after == seconds


def test_quoted_bodies(shared_data: Path) -> None:
    own = quoted(shared_data, "alpaca")
    assert own
    for status, body, expected in own:
        assert {kind(classify, status, one) for one in (body, *likewise(body))} == {expected}
