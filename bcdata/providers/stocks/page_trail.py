"""Pages that lead on to a next one: what each covers, where they lead nowhere, and what empty ones prove."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bcdata.errors import NoDataError
from bcdata.interval import Interval
from bcdata.providers.base import Series, WindowPage
from bcdata.windows import Window

_MOST_EMPTY = 10
"""Pages without rows in a row that are followed: some sources skip what has none."""
_MOST_LINKS = 100
"""Pages of a thousand rows of splits or dividends, more than any company has."""


@dataclass(slots=True)
class Trail:
    """Pages in order of time for a window; `told` is how far they have come.

    Attributes:
        window: what is asked for, on the interval's grid.
        reach: the time of which rows may be: as much, or a little more.
        interval: of the bars.
    """

    window: Window
    reach: Window
    interval: Interval
    told: datetime = field(init=False)
    _last: datetime | None = field(init=False, default=None)
    _names: set[str] = field(init=False, default_factory=set)
    _empty: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.told = self.window.start

    def covered(self, opens: Sequence[datetime | None], following: str | None) -> Window:
        """What a page covers.

        Args:
            opens: the opens, or labels, of its rows; None where a row tells none.
            following: the name of the page that it leads on to; None where it is the last.

        Raises:
            ValueError: it has rows of other times alone, or of another interval, or leads nowhere.
        """
        known = [at for at in opens if at is not None]
        if opens and not any(at in self.reach for at in known):
            raise ValueError("none of its rows is of the time that was asked for")
        if 2 * sum(self.interval.floor(at) != at for at in known) > len(known):
            raise ValueError(f"its rows are not bars of {self.interval.name}")
        start = self.told
        if following is None:
            self.told = self.window.end
            return Window(start, self.window.end)
        if following in self._names:
            raise ValueError("it leads back to a page that has been")
        self._names.add(following)
        self._empty = 0 if known else self._empty + 1
        if self._empty > _MOST_EMPTY:
            raise ValueError(f"{self._empty} pages without rows lead on")
        if known:
            self._advance(known)
        return Window(start, self.told)

    def _advance(self, known: Sequence[datetime]) -> None:
        """The last row says how far a page has come, if they are in order."""
        if known != sorted(known) or (self._last is not None and known[-1] <= self._last):
            raise ValueError("it leads on, and its rows do not")
        self._last = known[-1]
        after = self.interval.next(self.interval.floor(known[-1]))
        self.told = max(self.told, min(after, self.window.end))


@dataclass(slots=True)
class Links:
    """Pages of a list that lead on to each other, by the names of the next ones."""

    _names: set[str] = field(init=False, default_factory=set)

    def follow(self, following: str | None, rows: int) -> None:
        """Takes note of where a page with so many rows leads.

        Raises:
            ValueError: it leads nowhere.
        """
        if following is None:
            return
        if following in self._names or not rows or len(self._names) >= _MOST_LINKS:
            raise ValueError("it leads on, and there is nothing new")
        self._names.add(following)


async def beside_rows(
    pages: AsyncIterator[WindowPage], series: Series, window: Window, provider: str
) -> AsyncIterator[WindowPage]:
    """The pages, those without rows once one with rows has come: an answer that is empty throughout proves nothing.

    A symbol that there is not, or not yet, has answers like one that was not traded.

    Raises:
        NoDataError: none has rows.
    """
    held: list[WindowPage] = []
    has_rows = False
    async for page in pages:
        has_rows = has_rows or page.rows > 0
        held.append(page)
        if has_rows:
            for one in held:
                yield one
            held = []
    if held:
        words = f"it has nothing from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
        fix = "check the symbol, or ask for another time or another source"
        raise NoDataError(f"{provider}: {series}: {words}; {fix}", provider=provider)
