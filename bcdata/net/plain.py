"""Where requests go: whether others could read a key or password on the way, and whether hosts are the same. Pure."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit

from bcdata.net.answers import is_secret

PORTS = {"http": 80, "https": 443}
_SECRET_HEADER = ("authorization", "cookie", "key", "token", "secret", "password")


def exposes_a_secret(url: str, headers: Iterable[str] = ()) -> bool:
    """Whether a request to this URL would send a user, a password or a secret parameter that others can read.

    Args:
        url: what is asked for.
        headers: names of the headers that are sent with it; one that says it is a key is one.
    """
    if not is_open(url):
        return False
    parts = urlsplit(url)
    secret = any(is_secret(name) for name, _ in parse_qsl(parts.query)) or any(map(_is_secret_header, headers))
    return secret or parts.username is not None


def _is_secret_header(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET_HEADER)


def same_host(url: str, base: str) -> bool:
    """Whether a URL that a server sent (a next page) leads to the server of the base address, and not out of TLS."""
    try:
        new, old = urlsplit(url), urlsplit(base)
        same = place(new) == place(old)
    except ValueError:
        return False
    return same and new.scheme in PORTS and (new.scheme == "https" or old.scheme == "http")


def place(parts: SplitResult) -> tuple[str | None, int | None]:
    """Host and port; the standard ports of http and https are one place, so that a server may ask for TLS."""
    port = parts.port or PORTS.get(parts.scheme)
    return parts.hostname, 443 if port in PORTS.values() else port


def is_address(url: str) -> bool:
    """Whether a URL has a scheme that can be asked, a host, and no port that cannot be."""
    try:
        parts = urlsplit(url)
        return parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def is_open(url: str) -> bool:
    """Whether others could read what is sent to a URL: over plain http, and not to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
