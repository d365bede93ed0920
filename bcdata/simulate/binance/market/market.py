"""What a simulated exchange has to know of its market; two kinds of it are in `folder` and `generated`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import md5, sha256
from typing import Protocol

from bcdata.simulate.binance.market.names import KLINES

KlineRow = list[int | str]
"""One row as REST sends it: open time (ms), four prices, volume, close time (ms), quote volume, trades, taker
volume, taker quote volume, `"0"`; decimals are strings. In cm volumes are contracts, quote volumes base units."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a listing says of an object."""

    size: int
    etag: str
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of the archive: its bytes, and since when it is so (UTC)."""

    body: bytes
    last_modified: datetime

    @property
    def stat(self) -> ObjectStat:
        """Size, and the ETag of a plain upload: the quoted MD5."""
        digest = md5(self.body, usedforsecurity=False).hexdigest()
        return ObjectStat(len(self.body), f'"{digest}"', self.last_modified)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A symbol as exchangeInfo shows it. `contract_size` (USD) is for cm alone; instants are UTC.

    A contract with a `delivery` stays in futures' exchangeInfo, from then on as SETTLING; its candles may go on.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    listed: datetime
    delisted: datetime | None = None
    contract_size: int | None = None
    funding_hours: int | None = None
    delivery: datetime | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The klines of one symbol; `interval` and `type` in the archive's spelling (`1mo`, `markPriceKlines`).

    Those of indices go by the pair.
    """

    venue: str
    symbol: str
    interval: str
    type: str = KLINES


@dataclass(frozen=True, slots=True)
class Settlement:
    """One funding settlement: `time` in ms with its jitter, and the rate as a plain decimal."""

    symbol: str
    time: int
    rate: str


class Market(Protocol):
    """The truth that an exchange serves. All methods are pure in their arguments, and may be called by any thread."""

    def keys(self, prefix: str, now: datetime) -> Sequence[str]:
        """The archive's keys with this prefix that are published at `now`, in the order of their code points."""

    def stat(self, key: str, now: datetime) -> ObjectStat | None:
        """What a listing says of the object; None where there is none at `now`."""

    def read(self, key: str, now: datetime) -> StoredObject | None:
        """The object; None where there is none at `now`."""

    def knows(self, venue: str, symbol: str, now: datetime) -> bool:
        """Whether REST knows the symbol at `now`; others are invalid."""

    def instruments(self, venue: str, now: datetime) -> Sequence[Instrument]:
        """The symbols that REST knows at `now`, delisted ones too."""

    def klines(self, series: Series, first: int, last: int, *, newest_first: bool) -> Iterator[list[KlineRow]]:
        """Rows with opens from `first` to `last` (ms, both included), stretch by stretch of time.

        Stretches come in the order asked for; inside each, rows ascend. What no caller takes is never computed.
        """

    def funding(self, venue: str, symbol: str, first: int, last: int) -> Sequence[Settlement]:
        """Settlements from `first` to `last` (ms, both included), ascending."""


def checksum_body(body: bytes, key: str) -> bytes:
    """The content of an object's CHECKSUM."""
    return f"{sha256(body).hexdigest()}  {key.rpartition('/')[2]}\n".encode()
