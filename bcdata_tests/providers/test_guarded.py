"""What the code of a provider trips over in an answer is a typed error; what is no answer's fault stays what it is."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from bcdata.errors import BadAnswerError, UnknownSymbolError
from bcdata.providers.base import RawBars, Series, WindowPage
from bcdata.providers.guarded import GuardedSource
from bcdata.providers.json_body import decoded
from bcdata.windows import Window

SERIES = Series("acme", "klines", "ACME", "1m")
NOW = datetime(2025, 1, 6, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(hours=1), NOW)


class Careless:
    """Takes each body for a list of rows, whatever it is."""

    def __init__(self, trip: Callable[[], object]) -> None:
        self._trip = trip

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        del series, now
        self._trip()
        yield WindowPage("/", b"[]", window, 0)

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        del series, bodies
        self._trip()
        return RawBars(pl.DataFrame(), pl.DataFrame())

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        del series, now
        self._trip()
        return None


def nested(depth: int = 0) -> int:
    return nested(depth + 1)


TRIPS: dict[str, Callable[[], object]] = {
    "null": lambda: len(decoded(b"null")),
    "nothing": lambda: decoded(b""),
    "another shape": lambda: decoded(b"{}")["rows"],
    "a short row": lambda: decoded(b"[]")[0],
    "a time too far": lambda: NOW + timedelta(days=10**9),
    "a division": lambda: 1 // len(decoded(b"[]")),
    "deep nesting": nested,
    "an attribute": lambda: decoded(b"5").rows,
    "polars": lambda: pl.DataFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64)),
}


def each_way(trip: Callable[[], object]) -> list[Callable[[], object]]:
    source = GuardedSource("acme", Careless(trip))

    async def pages() -> list[WindowPage]:
        return [one async for one in source.pages(SERIES, WINDOW, now=NOW)]

    return [
        lambda: asyncio.run(pages()),
        lambda: source.read(SERIES, [b"null"]),
        lambda: asyncio.run(source.first_open(SERIES, now=NOW)),
    ]


@pytest.mark.parametrize("case", TRIPS)
def test_an_answer_that_the_code_trips_over(case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for ask in each_way(TRIPS[case]):
        with pytest.raises(BadAnswerError, match="acme: acme/klines/ACME/1m: the answer cannot be read") as caught:
            ask()
        assert "\n" not in str(caught.value)
    assert "Traceback" in caplog.text, "who writes a provider finds the line"


@pytest.mark.parametrize("error", [UnknownSymbolError("none", provider="acme"), OSError(28, "full"), MemoryError()])
def test_what_is_no_answers_fault(error: BaseException) -> None:
    def trip() -> None:
        raise error

    for ask in each_way(trip):
        with pytest.raises(type(error)):
            ask()
