"""Kraken's errors stand in the body, under any status."""

import json
from pathlib import Path

import pytest

from bcdata.net.policy import Reply
from bcdata.providers.kraken.errors import classify


def kind(status: int, body: bytes | str) -> str | None:
    refusal = classify(Reply(status, {}, body if isinstance(body, bytes) else body.encode()))
    return refusal.kind if refusal else None


def said(*errors: str) -> str:
    return json.dumps({"error": errors})


@pytest.mark.parametrize("status", [200, 400, 403, 503])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("EAPI:Rate limit exceeded", "rate_limited"),
        ("EGeneral:Too many requests", "rate_limited"),
        ("EGeneral:Temporary lockout", "rate_limited"),
        ("EQuery:Unknown asset pair", "unknown_symbol"),
        ("EService:Unavailable", "down"),
        ("EService:Busy", "down"),
        ("EGeneral:Invalid arguments", "bad_request"),
        ("EGeneral:Invalid arguments:interval", "bad_request"),
        ("EWhat:Nobody has seen this", "bad_answer"),
    ],
)
def test_the_body_decides(status: int, error: str, expected: str) -> None:
    assert kind(status, said(error)) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"error":[],"result":{"XXBTZUSD":[],"last":0}}', None),
        (200, '{"error":["WGeneral:Slow"],"result":{"XXBTZUSD":[],"last":0}}', None),
        (200, said("WGeneral:Slow", "EService:Busy"), "down"),
        (200, said("ENew:Odd", "EQuery:Unknown asset pair"), "unknown_symbol"),
        (200, '{"error":"EService:Busy"}', "down"),
        (200, '{"error":[{"code":1}]}', "bad_answer"),
        (200, '{"error":[]}', "bad_answer"),
        (200, '{"result":[]}', "bad_answer"),
        (200, "[]", "bad_answer"),
        (200, "", "bad_answer"),
        (200, "<html>Please sign in</html>", "bad_answer"),
        (200, b"\xff\xfe", "bad_answer"),
        (520, "<html>cloudflare</html>", "down"),
        (503, "", "down"),
        (429, "<html>error code: 1015</html>", "rate_limited"),
        (403, "<html>Attention Required!</html>", "blocked"),
        (451, "", "blocked"),
        (404, "<html>nginx</html>", "bad_answer"),
        (400, "{}", "bad_request"),
    ],
)
def test_other_replies(status: int, body: bytes | str, expected: str | None) -> None:
    assert kind(status, body) == expected


def test_a_lockout_lasts_minutes_and_a_rate_limit_a_second() -> None:
    for error, seconds in (("EGeneral:Temporary lockout", 900.0), ("EAPI:Rate limit exceeded", 1.0)):
        refusal = classify(Reply(200, {}, said(error).encode()))
        assert refusal
        assert refusal.retry_after == seconds


def test_quoted_bodies(shared_data: Path) -> None:
    bodies = json.loads((shared_data / "providers" / "error_bodies.json").read_text())["bodies"]
    own = [one for one in bodies if one["provider"] == "kraken"]
    assert own
    assert [kind(one["http_status"], json.dumps(one["body"])) for one in own] == [one["type"] for one in own]
