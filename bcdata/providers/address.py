"""What may be a provider's base address."""

from urllib.parse import urlsplit

from bcdata.net.plain import exposes_a_secret, is_address


def base_address(url: str) -> str:
    """The address without slashes at its end, so that paths can be appended.

    Raises:
        ValueError: it is no base address, or a password in it would travel unencrypted.
    """
    if not url.isprintable() or " " in url:  # parsers of addresses drop some of these, or take them as they are
        raise ValueError("a base address has no blanks or control characters; write them as %20 and the like")
    if not is_address(url) or urlsplit(url).query or urlsplit(url).fragment:
        raise ValueError("not a base address; write it like https://host or http://127.0.0.1:8080/path")
    if exposes_a_secret(url):
        raise ValueError("a user and password would travel unencrypted; write https")
    return url.rstrip("/")


def server_of(url: str) -> str:
    """Host and port of an address, without a user or password."""
    return urlsplit(url).netloc.rpartition("@")[2]
