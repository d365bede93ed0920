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
