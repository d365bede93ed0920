"""How things look on a terminal and as JSON."""

import json
import math
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcdata.errors import UsageError
from bcdata.terminal.console import err, notes

if TYPE_CHECKING:
    from bcdata.catalog import Catalog, Dataset
    from bcdata.store.store import Store


def print_json(value: Any) -> None:
    """One JSON document on standard output; letters beyond ASCII are escaped where the output cannot have them.

    What JSON does not have is null: NaN and the infinities.
    """
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(_plain(value), default=str, ensure_ascii=not is_unicode, indent=1, allow_nan=False))  # noqa: T201


def json_line(value: Any) -> None:
    """One JSON document on a line of its own, as `print_json` writes it."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(_plain(value), default=str, ensure_ascii=not is_unicode, allow_nan=False))  # noqa: T201


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def utf8(text: str, what: str) -> str:
    """An argument as it was typed: where the locale is not UTF-8, Python has its bytes and not its letters.

    Raises:
        UsageError: it is no UTF-8.
    """
    try:
        return text if text.isascii() else os.fsencode(text).decode()
    except UnicodeDecodeError:
        raise UsageError(f"{what} is not UTF-8 text") from None


def say_what_ends_at_raw(datasets: "Iterable[Dataset]") -> None:
    """Says of each dataset that nothing parses why it has no rows, and so no gaps, no features and no views."""
    from bcdata.catalog import no_parser

    for one in datasets:
        if one.ends_at_raw:
            notes.print(no_parser(one.name), highlight=False, markup=False)


def say_what_has_no_calendar(datasets: "Iterable[Dataset]") -> dict[str, str]:
    """The datasets whose calendar cannot be had here, with the cause, and a line for each."""
    from bcdata.reporting.calendars import without_calendar

    found = without_calendar(datasets)
    for name, trouble in found.items():
        words = f"warning: {name}: which bars it should have is not known: {trouble}"
        err.print(words, highlight=False, markup=False, soft_wrap=True)
    return found


def say_what_is_unnamed(store: "Store", catalog: "Catalog") -> list[str]:
    """The datasets that the lake has and the catalog has not, and a line that names them."""
    from bcdata.reporting.unnamed import left_out, unnamed

    if found := unnamed(store, catalog):
        notes.print(f"warning: {left_out(found, catalog)}", highlight=False, markup=False)
    return found


def names(text: str | None) -> list[str]:
    """What stands between commas, each once.

    Raises:
        UsageError: it is no UTF-8.
    """
    return list(dict.fromkeys(name.strip() for name in utf8(text or "", "a name").split(",") if name.strip()))


def say_if_no_lake(root: Path) -> bool:
    """Whether there is no lake, which is normal before the first run, and may be a slip in BCDATA_ROOT: one line."""
    from bcdata.reading.root import no_lake

    if is_absent := not root.is_dir():
        err.print(f"bcdata: {no_lake(root)}", highlight=False, markup=False)
    return is_absent


def duration(seconds: float | None) -> str:
    """A time for people, in its two largest units; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next(at for at, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)
