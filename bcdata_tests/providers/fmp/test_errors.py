"""FMP says what is wrong in a message or a text; the status decides where that is not known."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.net.policy import Reply
from bcdata.providers.fmp.errors import classify


def kind(status: int, body: bytes | str) -> str | None:
    found = classify(Reply(status, {}, body if isinstance(body, bytes) else body.encode()))
    return found.kind if found else None


def said(message: str) -> str:
    return json.dumps({"Error Message": message})


@pytest.mark.parametrize("status", [200, 401, 402, 403, 429, 500])
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Limit Reach . Please upgrade your plan or visit our documentation for more details at https://x/",
            "quota_spent",
        ),
        ("Bandwidth Limit Reach . Please upgrade your plan", "quota_spent"),
        ("LIMIT  REACH", "quota_spent"),
        ("Premium Query Parameter: 'Special Endpoint : This value set for 'symbol' is not available'", "not_entitled"),
        ("Premium Query Parameter: \"Invalid 'limit'\"", "not_entitled"),
        ("Exclusive Endpoint : This endpoint is not available under your current subscription", "not_entitled"),
        ("Restricted Endpoint: please upgrade your plan", "not_entitled"),
        (
            "Legacy Endpoint : only available for legacy users who have valid subscriptions prior August 31, 2025",
            "bad_request",
        ),
        ("Invalid API KEY. Feel free to create a Free API Key or visit https://x", "bad_key"),
        ("Please provide an API key", "bad_key"),
        ("Invalid from date", "bad_request"),
    ],
)
def test_the_words_decide(status: int, message: str, expected: str) -> None:
    assert kind(status, said(message)) == expected
    assert kind(status, json.dumps({"error": message})) == expected
    assert kind(status, message) == expected, "a text alone says it too"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "[]", "no_data"),
        (200, '[{"date":"2024-03-08"}]', None),
        (200, '{"symbol":"AAPL","historical":[]}', "bad_answer"),
        (200, said("Something new"), "bad_answer"),
        (400, said("Something new"), "bad_request"),
        (401, "{}", "bad_key"),
        (402, "", "not_entitled"),
        (403, said("Something new"), "not_entitled"),
        (403, "<html>Attention Required!</html>", "blocked"),
        (404, "[]", "bad_answer"),
        (404, "<html>premium</html>", "bad_answer"),
        (429, said("Something new"), "rate_limited"),
        (429, "<html>edge</html>", "rate_limited"),
        (451, "", "blocked"),
        (502, "<html>nginx</html>", "down"),
        (500, said("Something new"), "down"),
        (200, "<html>Please sign in with your API key</html>", "bad_answer"),
        (200, b"\xff\xfe", "bad_answer"),
        (200, "", "bad_answer"),
        (200, "null", "bad_answer"),
    ],
)
def test_other_replies(status: int, body: bytes | str, expected: str | None) -> None:
    assert kind(status, body) == expected


def test_quoted_bodies(shared_data: Path) -> None:
    bodies = json.loads((shared_data / "providers" / "error_bodies.json").read_text())["bodies"]
    own = [one for one in bodies if one["provider"] == "fmp"]
    assert own
    for one in own:
        text = one["body"] if isinstance(one["body"], str) else json.dumps(one["body"])
        assert [kind(status, text) for status in (one["http_status"], 200)] == [one["type"]] * 2


@given(st.integers(200, 599), st.binary(max_size=200))
def test_whatever_comes_has_a_meaning(status: int, body: bytes) -> None:
    assert classify(Reply(status, {}, body)) is not None
