"""A window source of whoever wrote it: what its code trips over in an answer is a typed error of that partition."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from bcdata.errors import BadAnswerError
from bcdata.net.answers import one_line
from bcdata.providers.base import ActionSource, RawActions, RawBars, Series, WindowPage, WindowSource
from bcdata.windows import Window

_MISREAD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What code raises that takes an answer for another than it is; polars raises errors of its own."""
_log = logging.getLogger(__name__)


class GuardedSource:
    """A `WindowSource` that raises a `BadAnswerError` where the code of another one fails at an answer."""

    def __init__(self, name: str, source: WindowSource) -> None:
        self._name = name
        self._source = source

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """The pages of the source.

        Raises:
            ProviderError: as the source says; a BadAnswerError where it trips over an answer.
        """
        with self._typed(series):
            async for page in self._source.pages(series, window, now=now):
                yield page

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The rows of kept pages.

        Raises:
            BadAnswerError: a body is no page of this source, or its code trips over one.
        """
        with self._typed(series):
            return self._source.read(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The corporate actions of kept pages.

        Raises:
            BadAnswerError: a body is no page of this source, or its code trips over one; or it reads no actions.
        """
        with self._typed(series):
            found: RawActions = cast("ActionSource", self._source).read_actions(series, bodies)
            return found

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the source's first bar; None where it cannot tell.

        Raises:
            ProviderError: as the source says; a BadAnswerError where it trips over an answer.
        """
        with self._typed(series):
            return await self._source.first_open(series, now=now)

    @contextmanager
    def _typed(self, series: Series) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not (isinstance(error, _MISREAD) or type(error).__module__.partition(".")[0] == "polars"):
                raise
            _log.info("%s: %s: an answer cannot be read", self._name, series, exc_info=True)
            said = one_line(f"{type(error).__name__}: {error}".encode("utf-8", "replace"))
            words = f"the answer cannot be read ({said}); the provider, or the package that reads it, may have changed"
            raise BadAnswerError(f"{self._name}: {series}: {words}", provider=self._name) from error
