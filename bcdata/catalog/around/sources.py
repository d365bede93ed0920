"""Which sources can serve which datasets, by what they are able to do."""

from bcdata.catalog.names import DatasetName
from bcdata.providers.registry import SOURCES
from bcdata.venues.market import SHARES


def complaint(name: DatasetName, source: str) -> str | None:
    """Why a source cannot serve a dataset of this name, in words; None where it can."""
    can, kind = SOURCES[source].capabilities, name.frame_type.key
    if not can.serves(name.market):
        of = f"{name.market.type} " if name.market.is_declared else ""
        return f"{source} has no {of}{name.market.name} market"
    if kind not in can.kinds:
        return f"{source} has no {kind}; {_able(name)}"
    if name.interval and can.intervals and name.interval.name not in can.intervals:
        return f"{source} has no bars of {name.interval.name}; it has {' '.join(can.intervals)}"
    if name.interval and name.market.type in SHARES and name.interval.name in can.on_the_clock:
        length = name.interval.name
        words = f"{source}'s bars of {length} begin at full hours, and sessions do not"
        return f"{words}; make {length} of shorter bars by `resample`"
    return None


def _able(name: DatasetName) -> str:
    kinds = {source: one.capabilities.kinds for source, one in SOURCES.items() if one.capabilities.serves(name.market)}
    found = [source for source, able in kinds.items() if name.frame_type.key in able]
    return f"write {', '.join(found)}" if found else "no source does"
