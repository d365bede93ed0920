"""Secrets have no place in messages: whatever looks like one is blotted out. Pure."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

BLOT = "***"
_NAMES = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|AUTH|DSN|ALERT_URLS|POSTGRES_URL", re.IGNORECASE)
"""Variables whose values are secrets."""
_SHORTEST = 6
"""Shorter values are words; blotting them out would eat the message."""
_USERINFO = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
"""A user and password in an address: whatever there is before the last `@` of its authority."""
_PARAMETER = re.compile(
    r"(?i)((?:[\w-]*(?:key|token|secret|signature|passw(?:or)?d|credential)[\w-]*)\s*[=:]\s*[\"']?)[^\s&\"',;]+"
)
_HEADER = re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w.~+/=-]{6,}")


def secrets_of(environment: Mapping[str, str], urls: Iterable[str] = ()) -> list[str]:
    """The secrets of an environment, longest first: values of variables named like one, and all of these addresses.

    An address is a secret as a whole, and so are the parts of its path: that is where channels keep their tokens.
    """
    values = {value for name, value in environment.items() if _NAMES.search(name)}
    for url in urls:
        parts = urlsplit(url)
        pieces = [url, parts.netloc.rpartition("@")[0], parts.password or "", *parts.path.split("/")]
        values.update(pieces, map(unquote, pieces))
    return sorted((value for value in values if len(value) >= _SHORTEST), key=lambda value: (-len(value), value))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with secrets blotted out: the given ones, and what looks like one in addresses and headers."""
    for secret in secrets:
        text = text.replace(secret, BLOT)
    text = _USERINFO.sub(BLOT, text)
    text = _HEADER.sub(rf"\g<1>{BLOT}", text)
    return _PARAMETER.sub(rf"\g<1>{BLOT}", text)
