"""Yahoo says what is wrong in code and description, or in a text; the status decides where these are not known."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.net.policy import Reply
from bcdata.providers.yahoo.errors import classify

EMPTY: dict[str, Any] = {"meta": {}, "indicators": {"quote": [{}]}}


def kind(status: int, body: bytes | str) -> str | None:
    refusal = classify(Reply(status, {}, body if isinstance(body, bytes) else body.encode()))
    return refusal.kind if refusal else None


def said(code: str, description: str, part: str = "chart") -> str:
    return json.dumps({part: {"result": None, "error": {"code": code, "description": description}}})


def sent(result: Any) -> str:
    return json.dumps({"chart": {"result": [result], "error": None}})


LACKS = "data not available for startTime=1759728293 and endTime=1791264293."
WORDS = [
    ("Not Found", "No data found, symbol may be delisted", "no_data"),
    ("Unprocessable Entity", f"5m {LACKS} The requested range must be within the last 60 days.", "out_of_depth"),
    ("Unprocessable Entity", f"1m {LACKS} Only 8 days worth of 1m granularity data are allowed.", "bad_request"),
    ("Bad Request", "Data doesn't exist for startDate = 7, endDate = 8", "no_data"),
    ("Bad Request", "Data doesn\u2019t exist for startDate = 1577836800, endDate = 1578009600", "no_data"),
    ("Bad Request", "Invalid input - interval=7m is not supported", "bad_request"),
    ("Unauthorized", "Invalid Crumb", "bad_key"),
    ("Unauthorized", "Invalid Cookie", "bad_key"),
    ("Too Many Requests", "slow down", "rate_limited"),
    ("internal server error", "", "down"),
    ("Made Up Error", "I'm made up", "bad_answer"),
]  # fmt: skip


@pytest.mark.parametrize("status", [200, 400, 404, 422, 503])
@pytest.mark.parametrize(("code", "description", "expected"), WORDS[:-1])
@pytest.mark.parametrize("part", ["chart", "finance"])
def test_the_words_decide(status: int, code: str, description: str, expected: str, part: str) -> None:
    assert kind(status, said(code, description, part)) == expected
    assert kind(status, said(code.upper(), f"Sorry: {description} (request 0000)", part)) == expected


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, "Too Many Requests\r\n", "rate_limited"),
        (200, "Too Many Requests\r\n", "rate_limited"),
        (429, "<html>edge</html>", "rate_limited"),
        (200, "<!DOCTYPE html><html><title>Yahoo</title>Will be right back...</html>", "down"),
        (200, "<html>Please sign in</html>", "bad_answer"),
        (404, "<html>no such path</html>", "bad_answer"),
        (404, "{}", "bad_answer"),
        (401, "{}", "bad_key"),
        (403, "Forbidden", "blocked"),
        (451, "", "blocked"),
        (502, "", "down"),
        (200, said("Made Up Error", "I'm made up"), "bad_answer"),
        (500, said("Made Up Error", "I'm made up"), "down"),
        (200, '{"somethingWeird":true}', "bad_answer"),
        (200, '{"chart":{"result":[],"error":null}}', "bad_answer"),
        (200, '{"chart":{"result":null,"error":"down"}}', "bad_answer"),
        (200, b"\xff\xfe", "bad_answer"),
        (200, "[]", "bad_answer"),
        (200, "", "bad_answer"),
        (200, sent(EMPTY), "no_data"),
        (200, sent({**EMPTY, "timestamp": []}), "no_data"),
        (200, sent({"meta": {}, "timestamp": [], "indicators": {"quote": [{"open": [], "close": []}]}}), "no_data"),
        (200, sent({"meta": {}, "indicators": {"quote": [{"open": [1.0]}]}}), None),  # its reader refuses it
        (200, sent({"timestamp": [1], "indicators": {"quote": [{"open": [1.0]}]}}), None),
    ],
)
def test_other_replies(status: int, body: bytes | str, expected: str | None) -> None:
    assert kind(status, body) == expected


def test_quoted_bodies(shared_data: Path) -> None:
    bodies = json.loads((shared_data / "providers" / "error_bodies.json").read_text())["bodies"]
    own = [one for one in bodies if one["provider"] == "yahoo"]
    assert own
    assert [kind(one["http_status"], json.dumps(one["body"])) for one in own] == [one["type"] for one in own]


def test_recorded_bodies(shared_data: Path) -> None:
    folder = shared_data / "providers/yahoo/yahoo_finance2_http"
    expected = {
        "pageWithUnknownError.json": "bad_answer",
        "pageWith404andJson.fake.json": "bad_answer",
        "weirdJsonResult.fake.json": "bad_answer",
        "chart-TSLA-2025-01-01-to-2025-01-02-interval-1h.fake.json": "no_data",
        "chart-AAPL.json": None,
    }
    for name, one in expected.items():
        response = json.loads((folder / name).read_text())["response"]
        assert kind(response["status"], json.dumps(response["bodyJson"])) == one, name


@given(st.integers(200, 599), st.binary(max_size=200))
def test_whatever_comes_has_a_meaning(status: int, body: bytes) -> None:
    assert classify(Reply(status, {}, body)) is not None
