"""Channels, through Apprise: mail, Slack, Telegram, webhooks and more. An address never leaves this module."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bcdata.errors import BcdataError, UsageError
from bcdata.net.plain import is_loopback


@dataclass(frozen=True, slots=True)
class Channel:
    """One address. Its `name` is all that is ever shown of it: its place in the list, and its scheme."""

    name: str
    _url: str = field(repr=False)

    def check(self) -> None:
        """Passes an address that Apprise can make sense of, and that sends no secret over plain http.

        Raises:
            UsageError: it is none, or does.
            BcdataError: Apprise is not installed.
        """
        with _silent():
            found = _apprise().Apprise.instantiate(self._url)
        if found is None:
            raise UsageError(
                f"BCDATA_ALERT_URLS: channel {self.name} is no address that Apprise knows;"
                " see https://github.com/caronc/apprise/wiki"
            )
        if _exposes_a_secret(found):
            raise UsageError(
                f"BCDATA_ALERT_URLS: channel {self.name}: a user and password would travel unencrypted;"
                " take the scheme that encrypts (`jsons://` for `json://`)"
            )

    def send(self, title: str, body: str) -> bool:
        """Sends a message, plain text, and says whether it went; it waits some seconds for an answer at most.

        Raises:
            UsageError: it is no address, or would send a secret over plain http.
            BcdataError: Apprise is not installed.
        """
        self.check()
        library = _apprise()
        with _silent():
            sender = library.Apprise()
            return bool(sender.add(self._url)) and bool(sender.notify(body=body, title=title, body_format="text"))


def channels(urls: Sequence[str]) -> list[Channel]:
    """Channels in the order of their addresses."""
    return [Channel(f"{at} ({url.partition('://')[0]})", url) for at, url in enumerate(urls, 1)]


def _exposes_a_secret(plugin: Any) -> bool:
    """Whether a password would go to another machine over a scheme that has an encrypted twin."""
    has_twin = plugin.protocol and plugin.secure_protocol
    return bool(has_twin and not plugin.secure and plugin.password and not is_loopback(plugin.host or ""))


def _apprise() -> Any:
    try:
        import apprise
    except ImportError:
        raise BcdataError("alerts need Apprise; install it with: pip install 'bcdata[alerts]'") from None
    return apprise


@contextmanager
def _silent() -> Iterator[None]:
    """Apprise's own log names addresses; ours says what went wrong without them.

    Its first use loads all of its plugins, of which some import what Python will drop.
    """
    log = logging.getLogger("apprise")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        log.disabled = before
