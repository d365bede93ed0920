"""Coinbase says what is wrong in a message; the status decides where that is not known."""

import json
from pathlib import Path

import pytest

from bcdata.net.policy import Reply
from bcdata.providers.coinbase.errors import classify


def kind(status: int, body: str) -> str | None:
    refusal = classify(Reply(status, {}, body.encode()))
    return refusal.kind if refusal else None


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "[]", None),
        (200, "[[1,2,3,4,5,6]]", None),
        (404, '{"message":"NotFound"}', "unknown_symbol"),
        (200, '{"message":"NotFound"}', "unknown_symbol"),
        (404, "<html>nginx</html>", "bad_answer"),
        (404, '{"message":"Route gone"}', "bad_answer"),
        (429, '{"message":"Public rate limit exceeded"}', "rate_limited"),
        (429, "", "rate_limited"),
        (400, '{"message":"Unsupported granularity"}', "bad_request"),
        (400, '{"message":"Invalid start"}', "bad_request"),
        (400, "{}", "bad_request"),
        (401, '{"message":"Unauthorized."}', "bad_key"),
        (403, '{"message":"Forbidden"}', "blocked"),
        (451, "", "blocked"),
        (500, '{"message":"Internal server error"}', "down"),
        (503, "<html>upstream</html>", "down"),
        (200, '{"message":"maintenance"}', "bad_answer"),
        (200, '{"candles":[]}', "bad_answer"),
        (200, "{", "bad_answer"),
        (200, "null", "bad_answer"),
    ],
)
def test_replies(status: int, body: str, expected: str | None) -> None:
    assert kind(status, body) == expected


def test_quoted_bodies(shared_data: Path) -> None:
    bodies = json.loads((shared_data / "providers" / "error_bodies.json").read_text())["bodies"]
    own = [one for one in bodies if one["provider"] == "coinbase"]
    assert own
    assert [kind(one["http_status"], json.dumps(one["body"])) for one in own] == [one["type"] for one in own]
