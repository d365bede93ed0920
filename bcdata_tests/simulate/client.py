"""A plain client, so that what it sees owes nothing to bcdata's own."""

import http.client
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(url: str, **parameters: str | int) -> Reply:
    """One request, as `get_within` ten seconds."""
    return get_within(10.0, url, **parameters)


def get_within(timeout: float, url: str, **parameters: str | int) -> Reply:
    """One request on a connection of its own. The path is sent as it is written, but for non-ASCII characters."""
    parts = urlsplit(url)
    assert parts.hostname
    pairs = [f"{name}={quote(str(value), safe='')}" for name, value in parameters.items()]
    query = "&".join([*([parts.query] if parts.query else []), *pairs])
    target = quote(parts.path, safe="/%.") + (f"?{query}" if query else "")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ms(text: str) -> int:
    return int(utc(text).timestamp() * 1000)


@dataclass(frozen=True)
class ListedPage:
    keys: list[str]
    prefixes: list[str]
    truncated: bool
    next_marker: str | None
    contents: list[dict[str, str]]


def read_page(body: bytes) -> ListedPage:
    root = ET.fromstring(body)  # noqa: S314 - our own server
    contents = [
        {field.tag.removeprefix(NAMESPACE): field.text or "" for field in entry}
        for entry in root.iter(f"{NAMESPACE}Contents")
    ]
    prefixes = [found.text or "" for found in root.findall(f"{NAMESPACE}CommonPrefixes/{NAMESPACE}Prefix")]
    truncated = root.findtext(f"{NAMESPACE}IsTruncated") == "true"
    marker = root.findtext(f"{NAMESPACE}NextMarker")
    return ListedPage([entry["Key"] for entry in contents], prefixes, truncated, marker, contents)
