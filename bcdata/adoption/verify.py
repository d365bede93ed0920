"""Whether the bytes of a file are those that the provider published, and hold what its name says."""

import hashlib
from collections.abc import Awaitable, Callable

from bcdata.adoption.misfits import Misfit, Reason
from bcdata.adoption.naming import PlacedFile
from bcdata.errors import NotFoundError, ProviderError
from bcdata.net.loop import BackgroundLoop
from bcdata.providers.base import BulkObject, ObjectError
from bcdata.providers.folder import LARGEST, FolderFormat, VerifiedFile

_CHECKSUM_BYTES = 4096


class Asking:
    """Asks the provider for single checksums, until it turns out that it cannot be asked.

    Args:
        loop: where questions run.
        ask: gives the text of the checksum of an object by its key; None where there is none.
    """

    def __init__(self, loop: BackgroundLoop, ask: Callable[[str], Awaitable[str | None]]) -> None:
        self._loop = loop
        self._ask = ask
        self._trouble: ProviderError | None = None

    def checksum_text(self, key: str) -> str | None:
        """The text of a checksum; None where the provider has none.

        Raises:
            ProviderError: it cannot be asked: the same for all that come after the first.
        """
        if self._trouble:
            raise self._trouble
        try:
            return self._loop.run(self._wait(key))
        except NotFoundError:
            return None
        except ProviderError as error:
            self._trouble = error
            raise

    async def _wait(self, key: str) -> str | None:
        return await self._ask(key)


class _UnfitError(Exception):
    """Why a file is not adopted."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def verify(files: FolderFormat, one: PlacedFile, asking: Asking | None) -> VerifiedFile | Misfit:
    """Reads a file once: its digests, its checksum, and what is in it.

    Args:
        files: how the provider's files are read.
        one: the file.
        asking: who is asked for the checksum where none lies beside; None to ask nobody.
    """
    try:
        body = _read(one)
        files.check(body, one.series, one.named)
        sha256 = hashlib.sha256(body).hexdigest()
        text = _vouched(files, one, sha256, asking)
    except _UnfitError as error:
        return Misfit(one.path, error.reason, str(error))
    except ObjectError as error:
        return Misfit(one.path, Reason(error.rule), str(error))
    except OSError as error:
        return Misfit(one.path, Reason.CANNOT_BE_READ, str(error.strerror or error))
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    published = BulkObject(one.key, one.named.period, one.named.date_key, size=len(body), etag=md5)
    return VerifiedFile(one.path, one.series, published, sha256, text)


def _read(one: PlacedFile) -> bytes:
    size = one.path.stat().st_size
    if size > LARGEST:
        raise _UnfitError(Reason.TOO_LARGE, f"{size:,} bytes are more than the {LARGEST:,} that are read")
    return one.path.read_bytes()


def _vouched(files: FolderFormat, one: PlacedFile, sha256: str, asking: Asking | None) -> str | None:
    """The text of the checksum that vouches for the bytes: that beside the file, else the provider's."""
    text = _beside(files, one)
    state = files.verdict(sha256, one.named.name, text)
    if state in {"missing", "malformed"}:
        lacks = "no checksum lies beside it" if text is None else "the checksum beside it cannot be read"
        if asking is None:
            raise _UnfitError(Reason.NOT_VERIFIED, f"{lacks}, and nobody is asked; leave --offline out")
        try:
            text = asking.checksum_text(one.key)
        except ProviderError as error:
            words = f"{lacks}, and the archive cannot be asked: {error}"
            raise _UnfitError(Reason.NOT_VERIFIED, words) from None
        state = files.verdict(sha256, one.named.name, text)
        if state in {"missing", "malformed"}:
            raise _UnfitError(Reason.NOT_VERIFIED, f"{lacks}, and the archive has none for {one.key}")
    if state != "match":
        raise _UnfitError(Reason.CHECKSUM, "its bytes are not those that its checksum names: fetch it again")
    return text


def _beside(files: FolderFormat, one: PlacedFile) -> str | None:
    """The text of the checksum beside a file: under the name of the file, or of the object."""
    for name in dict.fromkeys((one.path.name, one.named.name)):
        for ending in (files.CHECKSUM, files.CHECKSUM.lower()):
            path = one.path.with_name(f"{name}{ending}")
            if path.is_file():
                with path.open("rb") as file:
                    return file.read(_CHECKSUM_BYTES).decode("utf-8", "replace")
    return None
