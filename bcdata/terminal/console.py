"""Standard output and standard error, as a terminal or a pipe takes them."""

import os
import sys

from rich.console import Console

_PIPED = 200
"""Columns where there is no terminal to fit into: a log or a pipe should not wrap words."""
_is_wide = (sys.stdout is not None and sys.stdout.isatty()) or "COLUMNS" in os.environ
out = Console(width=None if _is_wide else _PIPED)
err = Console(stderr=True, soft_wrap=True)
notes = Console(stderr=True, soft_wrap=True)
"""What is worth knowing beside the result, and no error: silent with `-q`."""


def size(count: int | None) -> str:
    """Bytes for people; nothing for None."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":  # noqa: PLR2004
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""
