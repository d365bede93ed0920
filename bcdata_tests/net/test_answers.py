"""What headers say, also those that no sane server sends."""

from datetime import UTC, datetime

import pytest

from bcdata.net.answers import count, etag, http_date, retry_after

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def test_dates() -> None:
    assert http_date("Wed, 01 Jan 2025 01:00:00 +0100") == NOW
    assert retry_after({"Retry-After": "Wed, 01 Jan 2025 00:01:00 GMT"}, NOW) == 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-1",
        "Mon, 99 Jan 2025 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1400",
        "Wed, 01 Jan 2025 00:00:00 +99999999999999999999",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert http_date(text) is None
    assert retry_after({"Retry-After": text}, NOW) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("0", 0), (" 12 ", 12), ("0" * 5000 + "7", 7), ("0" * 5000, 0), ("9" * 5000, None), ("1" + "0" * 15, 10**15),
     ("1" + "0" * 14 + "1" * 2, None), ("-1", None), ("1.5", None), ("\u0663", None), ("\xb2", None), ("", None)],
)  # fmt: skip
def test_a_number_of_a_server_is_short_or_none(text: str, found: int | None) -> None:
    assert count(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [('"abc"', "abc"), ('W/"abc"', "abc"), ("", None), ('"', None), ("x" * 7000, None), ("\udcff", None)],
)
def test_an_etag_is_short_or_none(text: str, found: str | None) -> None:
    assert etag(text) == found
