"""How the pages of REST are read (`PageFormat`): JSON lists of rows, whose shape was checked when they came."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import polars as pl

from bcdata.interval import EPOCH
from bcdata.providers.base import Page, Series
from bcdata.providers.binance.funding import read_funding_pages
from bcdata.providers.binance.klines import canonical, read_pages
from bcdata.windows import Window


def bars(pages: Sequence[bytes], series: Series) -> pl.DataFrame:
    """The bars of pages in the meaning of canonical bars; no rule is applied."""
    return canonical(read_pages(pages).rows, series)[0]


def settlements(pages: Sequence[bytes], asked: Window) -> pl.DataFrame:
    """The settlements (`RAW_SETTLEMENT`) of the pages that answer one question; `asked` is its window."""
    return read_funding_pages(pages, asked)


def excerpt(pages: Sequence[Page], window: Window, also: Collection[datetime]) -> Page:
    """The bars that open in the window or at other instants (UTC), as one page; each row stays as it was sent."""
    start, end, others = _ms(window.start), _ms(window.end), {_ms(one) for one in also}
    rows = [row for page in pages for row in json.loads(page.body) if start <= row[0] < end or row[0] in others]
    body = json.dumps(rows, separators=(",", ":")).encode()
    url = pages[0].url if pages else ""
    return Page(url, body, rows[0][0] if rows else None, rows[-1][0] if rows else None, rows=len(rows))


def _ms(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)
