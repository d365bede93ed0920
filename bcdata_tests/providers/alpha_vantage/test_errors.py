"""Alpha Vantage's errors stand in the body, under status 200, and one text may speak of several limits."""

import json
from pathlib import Path

import pytest

from bcdata.net.policy import Reply
from bcdata.providers.alpha_vantage.errors import classify
from bcdata_tests.providers.stocks.errors import kind, likewise, quoted

META = {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"}


@pytest.mark.parametrize("status", [200, 400, 403, 429, 500])
@pytest.mark.parametrize("name", ["Information", "Note", "Error Message"])
@pytest.mark.parametrize(
    ("said", "expected", "wait"),
    [
        ("Please spread out your free API requests more sparingly (25 requests per day).", "rate_limited", 1),
        ("Burst limit: 5 requests per second, and 25 requests per day.", "rate_limited", 1),
        ("Our standard API call frequency is 5 calls per minute and 500 calls per day.", "rate_limited", 60),
        ("Your plan has 75 requests per minute.", "rate_limited", 60),
        ("Your API key is *** and our standard API rate limit is 25 requests per day.", "quota_spent", None),
        ("Our standard API rate limit is 500 requests per day.", "quota_spent", None),
        ("This is a premium endpoint. You may subscribe to any of the premium plans.", "not_entitled", None),
        ("The **outputsize=full** parameter value is a premium feature for this endpoint.", "not_entitled", None),
        ("the parameter apikey is invalid or missing. Please claim your free API key.", "bad_key", None),
        ("The **demo** API key is for demo purposes only.", "bad_key", None),
        ("Invalid API call. Please retry or visit the documentation for TIME_SERIES_DAILY.", "unknown_symbol", None),
        ("This API function (TIME_SERIES) does not exist.", "bad_request", None),
    ],
)  # fmt: skip
def test_the_body_decides(status: int, name: str, said: str, expected: str, wait: float | None) -> None:
    body = {name: said}
    assert {kind(classify, status, one) for one in (body, likewise(body)[0], likewise(body)[2])} == {expected}
    refusal = classify(Reply(status, {}, json.dumps(body).encode()))
    assert refusal
    assert refusal.retry_after == wait


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"Meta Data": META, "Time Series (Daily)": {"2024-01-02": {}}}, None),
        (200, {}, "no_data"),
        (200, {"Meta Data": META, "Time Series (5min)": {}}, "no_data"),
        (200, {"symbol": "IBM", "data": []}, "no_data"),
        (200, {"symbol": "IBM", "data": [{}]}, None),
        (200, {"Meta Data": META}, "bad_answer"),
        (200, {"Meta Data": META, "Time Series (Daily)": 7}, "bad_answer"),
        (200, {"Information": "nobody has seen this"}, "bad_answer"),
        (200, [], "bad_answer"),
        (200, b"<html>Please sign in</html>", "bad_answer"),
        (200, b"timestamp,open\n", "bad_answer"),
        (403, b"<html>Attention Required!</html>", "blocked"),
        (401, b"", "bad_key"),
        (404, b"<html></html>", "bad_answer"),
        (429, b"", "rate_limited"),
        (503, b"<html>cloudflare</html>", "down"),
        (400, {}, "bad_request"),
    ],
)
def test_other_replies(status: int, body: object, expected: str | None) -> None:
    assert kind(classify, status, body) == expected


def test_quoted_bodies(shared_data: Path) -> None:
    own = quoted(shared_data, "alpha_vantage")
    assert len(own) == 4
    for status, body, expected in own:
        assert {kind(classify, status, one) for one in (body, likewise(body)[0], likewise(body)[2])} == {expected}
    others = json.loads((shared_data / "providers/error_bodies_quoted.json").read_text())
    told = {name: kind(classify, 200, one["body"]) for name, one in others.items() if name.startswith("alpha_vantage")}
    assert told == {
        "alpha_vantage_note_legacy": "rate_limited",
        "alpha_vantage_information_daily": "quota_spent",
        "alpha_vantage_information_key": "quota_spent",
    }
