"""What is known about a partition's missing bars: evidence from raw and parsed, put into one order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bcdata.bars.gaps import Evidence, Reason, Status
from bcdata.catalog import Dataset
from bcdata.windows import Grain, Window

_FAR = timedelta(days=366 * 100)


def unpublished_from(dataset: Dataset, window: Window, now: datetime) -> datetime | None:
    """The first instant of the window whose archive file need not be there yet; None where all are due."""
    grain = Grain.DAY if "daily" in dataset.archive else Grain.MONTH
    first = grain.window(grain.key(window.start))
    while first.start < window.end:
        if dataset.publication.due("daily" if grain is Grain.DAY else "monthly", first.end) > now:
            return max(first.start, window.start)
        first = grain.window(grain.key(first.end))
    return None


def evidence(
    window: Window,
    *,
    archive: Mapping[str, Any] | None,
    rest: Mapping[str, Any] | None,
    unpublished: datetime | None,
    first_bar: datetime | None,
    last_bar: datetime | None,
) -> Evidence:
    """Reasons for missing bars, the strongest first.

    Args:
        window: the partition's time.
        archive: the record of parsed/binance_archive.
        rest: the record of parsed/binance_rest; None where nothing was asked.
        unpublished: since when archive files need not be there.
        first_bar: the first bar that is there; whoever claims a later listing is wrong.
        last_bar: the last bar that is there; nothing before it can be after a delisting.
    """
    told = (archive or {}).get("evidence") or {}
    reasons = [*_confirmed(rest or {}), *_not_listed(window, told, rest or {}, first_bar)]
    reasons += _delisted(told, rest or {}, last_bar)
    if unpublished is not None:
        reasons.append(Reason(Window(unpublished, unpublished + _FAR), Status.NOT_PUBLISHED, "not due yet"))
    return Evidence(
        reasons=reasons,
        contradictions=[_reason(one) for one in told.get("traded") or []],
        quarantined=[_quarantined(one) for one in (archive or {}).get("quarantined") or []],
    )


def _confirmed(rest: Mapping[str, Any]) -> list[Reason]:
    words = "REST answered with bars on both sides and none between"
    return [
        Reason(Window(datetime.fromisoformat(start), datetime.fromisoformat(end)), Status.UPSTREAM, words)
        for start, end in rest.get("confirmed", [])
    ]


def _not_listed(
    window: Window, told: Mapping[str, Any], rest: Mapping[str, Any], first_bar: datetime | None
) -> list[Reason]:
    found = []
    if told.get("not_listed"):
        found.append(_reason(told["not_listed"]))
    if rest.get("first_open"):
        first = datetime.fromisoformat(rest["first_open"])
        if first > window.start and (first_bar is None or first <= first_bar):
            words = f"REST's first bar of the symbol opens at {first:%Y-%m-%d %H:%M}"
            found.append(Reason(window.until(first), Status.NOT_LISTED, words))
    return found


def _delisted(told: Mapping[str, Any], rest: Mapping[str, Any], last_bar: datetime | None) -> list[Reason]:
    """Two witnesses are needed: no file of any interval goes on, and the exchange says that trading has ended."""
    ended = told.get("ended")
    status = rest.get("status") or "TRADING"
    if not ended or not (rest.get("unknown_symbol") or status != "TRADING"):
        return []
    start = last_bar or datetime.fromisoformat(ended["start"])
    said = f"says {status}" if status != "TRADING" else "does not know the symbol any more"
    return [Reason(Window(start, start + _FAR), Status.DELISTED, f"{ended['evidence']}; the exchange {said}")]


def _quarantined(one: Mapping[str, str]) -> Reason:
    start, last = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"])
    # The last open is included; a microsecond makes the window half-open again.
    window = Window(start, last + timedelta(microseconds=1))
    return Reason(window, Status.QUARANTINED, f"the archive's row breaks the rule {one['reason']}")


def _reason(one: Mapping[str, str]) -> Reason:
    window = Window(datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["end"]))
    return Reason(window, Status(one["status"]), one["evidence"])
