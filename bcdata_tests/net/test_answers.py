"""What headers say, also those that no sane server sends."""

from datetime import UTC, datetime

import pytest

from bcdata.net.answers import http_date, retry_after

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
