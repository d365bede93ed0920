"""The proxy variables of the environment, looked at before a request is sent through them. No value is ever shown."""

from urllib.request import getproxies, proxy_bypass

from yarl import URL

_USED = ("http", "https")
"""The schemes whose proxies are read at each request, be it one's own or not."""


def broken_proxy(host: str) -> str | None:
    """What is wrong with a variable that a request to this host would read, in words; None where nothing is."""
    if proxy_bypass(host):
        return None
    given = getproxies()
    broken = [f"{scheme.upper()}_PROXY" for scheme in _USED if scheme in given and not _is_proxy(given[scheme])]
    return f"{' and '.join(broken)} cannot be read as http://user:password@host:port" if broken else None


def _is_proxy(value: str) -> bool:
    try:
        url = URL(value)
    except ValueError:
        return False
    return url.scheme in _USED and bool(url.host)
