"""The archive's objects and listing, as a market has them and faults on what objects are change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from bcdata.simulate.answers import XML, Answer, s3_error
from bcdata.simulate.binance import listing
from bcdata.simulate.binance.damage import changed_object
from bcdata.simulate.binance.market.market import Market, ObjectStat, StoredObject, checksum_body
from bcdata.simulate.binance.market.names import CHECKSUM, ObjectName
from bcdata.simulate.faults import CONTENT_KINDS, Fault, FaultPlan

_TYPES = {".zip": "application/zip", CHECKSUM: "text/plain"}


@dataclass(frozen=True, slots=True)
class ArchiveServer:
    """Answers for objects and listings."""

    market: Market
    faults: FaultPlan

    def object(self, key: str, struck: Sequence[Fault], now: datetime) -> Answer:
        """The answer to a GET of the key, with the faults that strike this request."""
        stored = None if any(fault.kind == "missing" for fault in struck) else self._read(key, struck, now)
        if stored is None:
            return s3_error(404, "NoSuchKey", "The specified key does not exist.", key)
        kind = next((kind for end, kind in _TYPES.items() if key.endswith(end)), "application/octet-stream")
        modified = format_datetime(stored.last_modified.astimezone(UTC), usegmt=True)
        return Answer(200, stored.body, kind, {"ETag": stored.stat.etag, "Last-Modified": modified})

    def listing(self, parameters: Mapping[str, str], now: datetime) -> Answer:
        """One page of the listing; faults that wait for an object are shown, not counted."""
        try:
            query = listing.ListingQuery.parse(parameters)
        except ValueError as error:
            return s3_error(400, "InvalidArgument", str(error))
        keys = self.market.keys(query.prefix, now)
        if self.faults:
            keys = [key for key in keys if not self._hidden(key)]
        text = listing.render(listing.page(keys, query), query, lambda key: self._stat(key, now))
        return Answer(200, text.encode(), XML)

    def _read(self, key: str, struck: Sequence[Fault], now: datetime) -> StoredObject | None:
        if key.endswith(CHECKSUM):
            zip_key = key.removesuffix(CHECKSUM)
            waiting = self._waiting(zip_key)
            changed = self._changed(zip_key, waiting, now) if waiting else None
            if changed:
                return StoredObject(checksum_body(changed.body, zip_key), changed.last_modified)
        return self._changed(key, struck, now)

    def _changed(self, key: str, faults: Sequence[Fault], now: datetime) -> StoredObject | None:
        stored = self.market.read(key, now)
        name = ObjectName.parse(key)
        for fault in faults:
            if stored and name and fault.kind in CONTENT_KINDS:
                stored = changed_object(stored, name, fault)
        return stored

    def _stat(self, key: str, now: datetime) -> ObjectStat | None:
        if self._waiting(key.removesuffix(CHECKSUM)):
            stored = self._read(key, self._waiting(key), now)
            return stored.stat if stored else None
        return self.market.stat(key, now)

    def _waiting(self, key: str) -> list[Fault]:
        return [fault for fault in self.faults.pending(line_of(key)) if fault.kind in CONTENT_KINDS]

    def _hidden(self, key: str) -> bool:
        return any(fault.kind == "missing" and fault.unlisted for fault in self.faults.pending(line_of(key)))


def line_of(key: str) -> str:
    """The request line that faults on an object are matched with."""
    return f"GET /archive/{key}"
