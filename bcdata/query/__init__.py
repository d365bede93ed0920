"""Reading the lake: as SQL views, as polars frames. Only what can be trusted is seen; nothing is written."""

from bcdata.query.load import load
from bcdata.query.sql import connect, query

__all__ = ["connect", "load", "query"]
