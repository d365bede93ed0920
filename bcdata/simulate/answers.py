"""Answers as plain values, so that faults can change them before they are sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from xml.sax.saxutils import escape  # nosec B406 # it writes XML, and reads none

JSON = "application/json"
XML = "application/xml"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and headers of a response."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> "Answer":
        """The answer with these headers too."""
        return replace(self, headers={**self.headers, **headers})


def json_answer(value: Any, status: int = 200) -> Answer:
    """A JSON answer, written as tightly as exchanges do."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(status, body, JSON)


def rest_error(status: int, code: int, message: str) -> Answer:
    """A REST error."""
    return json_answer({"code": code, "msg": message}, status)


def s3_error(status: int, code: str, message: str, key: str = "") -> Answer:
    """An error of the archive or its listing."""
    fields = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    about = f"<Key>{escape(key)}</Key>" if key else ""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{fields}{about}</Error>'
    return Answer(status, body.encode(), XML)
