"""Polygon says how it went in `status`, and why in `error` or `message`."""

from pathlib import Path

import pytest

from bcdata.net.policy import Reply
from bcdata.providers.polygon.errors import classify
from bcdata_tests.providers.stocks.errors import kind, likewise, quoted

TIMEFRAME = "Your plan doesn't include this data timeframe. Please upgrade your plan at https://polygon.io/pricing"
ENTITLED = "You are not entitled to this data. Please upgrade your plan at https://polygon.io/pricing"
EXCEEDED = "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue."
ROW = {"t": 1_700_000_000_000, "o": 1, "h": 1, "l": 1, "c": 1}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "NOT_AUTHORIZED", "message": TIMEFRAME}, "not_entitled"),
        ({"status": "NOT_AUTHORIZED", "message": ENTITLED}, "not_entitled"),
        ({"status": "NOT_AUTHORIZED"}, "not_entitled"),
        ({"status": "ERROR", "error": EXCEEDED}, "rate_limited"),
        ({"status": "ERROR", "error": "Unknown API Key"}, "bad_key"),
        ({"status": "ERROR", "error": "API Key was not provided"}, "bad_key"),
        ({"status": "NOT_FOUND", "message": "Ticker not found."}, "unknown_symbol"),
        ({"status": "ERROR", "error": "Could not parse the time parameter: 'from'."}, "bad_request"),
    ],
)
def test_the_body_decides(status: int, body: dict[str, str], expected: str) -> None:
    assert kind(classify, status, body) == expected
    assert {kind(classify, status, one) for one in likewise(body)} == {expected}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"status": "OK", "resultsCount": 1, "results": [ROW]}, None),
        (200, {"status": "DELAYED", "resultsCount": 1, "results": [ROW]}, None),
        (200, {"status": "OK", "resultsCount": 0, "queryCount": 0, "ticker": "AAPL"}, "no_data"),
        (200, {"status": "DELAYED", "resultsCount": 0, "results": []}, "no_data"),
        (200, {"status": "OK", "results": []}, "no_data"),
        (200, {"status": "OK", "resultsCount": 3}, "bad_answer"),
        (200, {"status": "OK", "results": {}}, "bad_answer"),
        (200, {"status": "ODD"}, "bad_answer"),
        (200, {"status": "ERROR", "error": "nobody has seen this"}, "bad_answer"),
        (200, [], "bad_answer"),
        (200, b"<html>Please sign in</html>", "bad_answer"),
        (200, b"\xff", "bad_answer"),
        (429, b"", "rate_limited"),
        (401, b"<html></html>", "bad_key"),
        (403, b"<html>Attention Required!</html>", "blocked"),
        (451, {}, "blocked"),
        (404, b"404 page not found", "bad_answer"),
        (400, {}, "bad_request"),
        (502, b"<html>bad gateway</html>", "down"),
    ],
)
def test_other_replies(status: int, body: object, expected: str | None) -> None:
    assert kind(classify, status, body) == expected


def test_a_rate_limit_is_of_a_minute() -> None:
    refusal = classify(Reply(429, {}, b'{"status":"ERROR","error":"exceeded the maximum requests per minute"}'))
    assert refusal
    assert refusal.retry_after == 60.0


def test_quoted_bodies(shared_data: Path) -> None:
    own = quoted(shared_data, "polygon")
    assert own
    for status, body, expected in own:
        assert {kind(classify, status, one) for one in (body, *likewise(body))} == {expected}
