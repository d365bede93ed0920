"""An object of the archive as it came, and how it stands to its CHECKSUM and to the listing."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from bcdata.net.answers import HttpResponse
from bcdata.providers.binance.files.checksum import State, verdict
from bcdata.providers.binance.files.listed import ArchiveObject

_MD5 = re.compile("[0-9a-f]{32}")
_HASH_ASIDE = 1 << 20
"""Bytes above which hashing would hold up the event loop for a millisecond and more."""


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """The bytes of an object and how they stand to its CHECKSUM.

    `mismatch` is a state, not an error: checksums have been wrong for months on whole content.
    `size_differs` says that the body is not as long as the listing said.
    """

    body: bytes
    sha256: str
    checksum: State
    checksum_text: str | None
    last_modified: datetime | None
    etag: str | None
    size_differs: bool

    def is_as_listed(self, one: ArchiveObject) -> bool:
        """Whether the bytes are the listed ones, whatever the CHECKSUM says: those need not be asked for again.

        The ETag of a plain upload is its MD5. Where nothing was listed that could tell, the bytes are believed.
        """
        if self.size_differs:
            return False
        etag = (one.etag or "").strip('"')
        return not _MD5.fullmatch(etag) or hashlib.md5(self.body, usedforsecurity=False).hexdigest() == etag


async def checked(
    one: ArchiveObject, response: HttpResponse, checksum_text: str | None, *, is_asked: bool = True
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
