"""One request, and what errors about it have to say: a plain value, no network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bcdata.net.answers import shown
from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.net.policy import ResponsePolicy


@dataclass(frozen=True, slots=True)
class Request:
    """One request.

    Attributes:
        url: percent-encoded, with its parameters.
        provider: who is asked.
        variable: the setting of the base address.
        max_bytes: bound of an answer's body, its content encoding undone.
        budgets: what each attempt is paid from, and its weight there.
        policy: what replies mean; None where the status alone says it.
        method: upper case.
        headers: beside those of all requests; they never go to another host.
        body: what is sent.
        keys: what is read and sent with each attempt, to this host only.
    """

    url: str
    provider: str
    variable: str
    max_bytes: int
    budgets: tuple[tuple[Budget, int], ...] = ()
    policy: ResponsePolicy | None = None
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    keys: tuple[Key, ...] = ()

    @property
    def host(self) -> str:
        """Host and port: what holds, breakers and bans are about."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @property
    def about(self) -> str:
        """How messages begin."""
        return f"{self.provider}: {shown(self.url)}"
