"""Undoing the content encoding of an answer, as far as its end: a compressed body that was cut off is noticed.

aiohttp hands out what it could inflate of a gzip body that ends early, which looks like a whole answer.
"""

import zlib
from collections.abc import Iterator

ACCEPTED = "gzip, deflate"
"""The `Accept-Encoding` of requests: what `decoder` can undo."""
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15
_DEFLATED = 8
_STEP = 1 << 18


class Decoder:
    """A body that came as it is."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The pieces of the body that follow from some more bytes, none of them larger than a few hundred kB.

        Raises:
            ValueError: they are not in the encoding that the answer states.
        """
        yield chunk

    def end(self) -> None:
        """Tells that no more bytes come.

        Raises:
            ValueError: the body was not at its end.
        """


class _Inflated(Decoder):
    """A body in zlib's encodings. A gzip body may have several members, one after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stream: zlib._Decompress | None = None

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            stream = self._stream
            if stream is None or (stream.eof and self._name == "gzip"):
                self._stream = stream = zlib.decompressobj(self._wbits(chunk))
            if stream.eof:
                raise ValueError(f"there are bytes after the end of its {self._name}")
            try:
                piece = stream.decompress(chunk, _STEP)
            except zlib.error as error:
                raise ValueError(f"its {self._name} is damaged") from error
            chunk = stream.unused_data if stream.eof else stream.unconsumed_tail
            yield piece

    def end(self) -> None:
        if self._stream is None or not self._stream.eof:
            raise ValueError(f"its {self._name} was cut off")

    def _wbits(self, chunk: bytes) -> int:
        if self._name == "gzip":
            return _GZIP
        # Servers disagree about what "deflate" is: with the header of zlib, as it was meant, or without.
        return _ZLIB if chunk[0] & 0xF == _DEFLATED else _DEFLATE


def decoder(name: str) -> Decoder:
    """What undoes a `Content-Encoding`.

    Raises:
        ValueError: it is one that was not asked for.
    """
    name = name.strip().lower().removeprefix("x-")
    if name in ("", "identity"):
        return Decoder()
    if name in ("gzip", "deflate"):
        return _Inflated(name)
    raise ValueError(f"it is encoded as {name[:20]!r}, which was not asked for")
