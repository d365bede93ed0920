"""Where a key or a password would travel unencrypted: over http, to any machine but this one. Pure."""

from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from bcdata.net.answers import is_secret


def exposes_a_secret(url: str) -> bool:
    """Whether a request to this URL would send a user, a password or a secret parameter that others can read."""
    parts = urlsplit(url)
    if parts.scheme != "http" or is_loopback(parts.hostname or ""):
        return False
    return parts.username is not None or any(is_secret(name) for name, _ in parse_qsl(parts.query))


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
