"""An object of the archive as it came, and how it stands to its CHECKSUM and to the listing."""

import asyncio
import hashlib

from bcdata.net.answers import HttpResponse
from bcdata.providers.base import BulkObject, FetchedObject
from bcdata.providers.binance.files.checksum import verdict

_HASH_ASIDE = 1 << 20
"""Bytes above which hashing would hold up the event loop for a millisecond and more."""


async def checked(
    one: BulkObject, response: HttpResponse, checksum_text: str | None, *, is_asked: bool = True
) -> FetchedObject:
    """The object with its digest and how that stands to the text of its CHECKSUM (None: there is no such file)."""
    body = response.body
    if len(body) > _HASH_ASIDE:
        sha256 = await asyncio.to_thread(_sha256, body)
    else:
        sha256 = _sha256(body)
    return FetchedObject(
        body=body,
        sha256=sha256,
        checksum=verdict(sha256, one.name, checksum_text) if is_asked else "not asked",
        checksum_text=checksum_text,
        last_modified=response.last_modified,
        etag=response.etag,
        size_differs=one.size is not None and one.size != len(body),
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def is_settled(one: FetchedObject, previous: FetchedObject | None) -> bool:
    """Whether asking again brought the same again."""
    return previous is not None and (one.sha256, one.checksum_text) == (
        previous.sha256,
        previous.checksum_text,
    )
