"""Where a redirect may lead: the same host, or one that the settings name, and never out of TLS. Pure."""

from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from bcdata.net.plain import PORTS, place

STATUSES = frozenset({301, 302, 303, 307, 308})
MOST = 5
"""Redirects that are followed for one request."""


def target(url: str, location: str, hosts: Collection[str] = ()) -> str:
    """The URL that a redirect leads to.

    Args:
        url: what was asked for.
        location: the Location header.
        hosts: other hosts (`name` or `name:port`) that may be led to, lower case.

    Raises:
        ValueError: it may not be followed; the text says why.
    """
    try:
        found = urljoin(url, location.strip())
        old, new = urlsplit(url), urlsplit(found)
        same = place(old) == place(new)
    except ValueError:
        raise ValueError("it leads to what is no address") from None
    if not found.isprintable():
        raise ValueError("it leads to what is no address")
    if not location.strip() or new.scheme not in PORTS or not new.hostname:
        raise ValueError(f"it leads to no address of the web ({new.scheme or 'nothing'})")
    if old.scheme == "https" and new.scheme != "https":
        raise ValueError("it leads out of TLS, to http")
    name = f"{new.hostname}:{new.port}" if new.port else new.hostname
    if not same and not {name, new.hostname} & set(hosts):
        raise ValueError(f"it leads to another host, {name}; list it in BCDATA_HTTP_REDIRECT_HOSTS if it may be asked")
    return found
