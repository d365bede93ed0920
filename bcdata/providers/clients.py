"""The clients of all sources: by name, and by what they do for a market."""

from collections.abc import Mapping
from typing import Any

from bcdata.net.client import HttpClient
from bcdata.providers.capabilities import Role, Source
from bcdata.providers.guarded import GuardedSource
from bcdata.providers.registry import SOURCES, source_of, source_on
from bcdata.providers.roles import BulkSource, RepairSource


class Clients:
    """Clients on one HTTP client, each made when it is first asked for.

    Base addresses are those of the environment, unless `urls` has others: by source, then by name. `given` are clients
    that take the place of sources, by name: they have but a part of what these publish, and ask nobody. `plans` are
    those that are paid for, by provider, where they are not those of the environment.
    """

    def __init__(
        self,
        http: HttpClient,
        urls: Mapping[str, Mapping[str, str]] | None = None,
        given: Mapping[str, Any] | None = None,
        plans: Mapping[str, str] | None = None,
    ) -> None:
        self._http = http
        self._urls = urls or {}
        self._given = given or {}
        self._plans = plans or {}
        self._made: dict[str, Any] = dict(self._given)

    def bulk(self, market: str) -> BulkSource:
        """The source of a market's files.

        Raises:
            UsageError: no source has files of this market.
        """
        found: BulkSource = self._of(source_of(market, Role.BULK))
        return found

    def is_given(self, market: str) -> bool:
        """Whether the source of a market's files has a client in its place: what that lacks proves nothing."""
        return source_of(market, Role.BULK).name in self._given

    def repair(self, market: str) -> RepairSource:
        """The source that repairs what a market's files lack.

        Raises:
            UsageError: there is none.
        """
        found: RepairSource = self._of(source_of(market, Role.REPAIR))
        return found

    def window(self, source: str) -> GuardedSource:
        """The source of this name, which is asked by windows."""
        return GuardedSource(source, self._of(SOURCES[source]))

    def _of(self, source: Source) -> Any:
        if source.name not in self._made:
            source = source_on(source.name, self._plans)
            urls = {**source.urls(), **self._urls.get(source.name, {})}
            self._made[source.name] = source.open(self._http, urls)
        return self._made[source.name]
