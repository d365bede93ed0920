"""Where a redirect may lead: the same host, or one that the settings name, and never out of TLS. Pure."""

from collections.abc import Collection
from urllib.parse import SplitResult, urljoin, urlsplit

STATUSES = frozenset({301, 302, 303, 307, 308})
MOST = 5
"""Redirects that are followed for one request."""
_PORTS = {"http": 80, "https": 443}


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
        same = _place(old) == _place(new)
    except ValueError:
        raise ValueError("it leads to what is no address") from None
    if not found.isprintable():
        raise ValueError("it leads to what is no address")
    if not location.strip() or new.scheme not in _PORTS or not new.hostname:
        raise ValueError(f"it leads to no address of the web ({new.scheme or 'nothing'})")
    if old.scheme == "https" and new.scheme != "https":
        raise ValueError("it leads out of TLS, to http")
    name = f"{new.hostname}:{new.port}" if new.port else new.hostname
    if not same and not {name, new.hostname} & set(hosts):
        raise ValueError(f"it leads to another host, {name}; list it in BCDATA_HTTP_REDIRECT_HOSTS if it may be asked")
    return found


def _place(parts: SplitResult) -> tuple[str | None, int | None]:
    """Host and port; the standard ports of http and https are one place, so that a server may ask for TLS."""
    port = parts.port or _PORTS.get(parts.scheme)
    return parts.hostname, 443 if port in _PORTS.values() else port
