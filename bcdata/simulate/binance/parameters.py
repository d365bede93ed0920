"""Parameters of REST calls, read as strictly as Binance reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
_SPOT_ONLY = "1s"
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_TIMES = ("startTime", "endTime")


class RestError(Exception):
    """A refusal with Binance's code and words; the status is 400."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class RequestedRange:
    """What range was asked for (ms, both ends included), and the most rows that the answer may have."""

    start: int | None
    end: int | None
    limit: int


def required(parameters: Mapping[str, str], name: str) -> str:
    """The value of a parameter that must be there.

    Raises:
        RestError: -1102.
    """
    value = parameters.get(name)
    if not value:
        message = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
        raise RestError(-1102, message)
    return value


def archive_interval(parameters: Mapping[str, str], venue: str) -> str:
    """The interval in the archive's spelling (`1mo` for `1M`).

    Raises:
        RestError: -1102 or -1120.
    """
    name = required(parameters, "interval")
    if name not in INTERVALS and not (name == _SPOT_ONLY and venue == "spot"):
        raise RestError(-1120, "Invalid interval.")
    return "1mo" if name == "1M" else name


def span(parameters: Mapping[str, str], *, default: int, most: int) -> RequestedRange:
    """Start, end and limit; a limit above the most allowed is the most allowed.

    Raises:
        RestError: -1100 for what is no number, -1130 for a limit of 0.
    """
    start, end = (_number(parameters, name) for name in _TIMES)
    limit = _number(parameters, "limit")
    if limit == 0:
        raise RestError(-1130, "Data sent for parameter 'limit' is not valid.")
    return RequestedRange(start, end, min(limit or default, most))


def only(parameters: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Refuses parameters that the call does not have, among them `timeZone`, which nobody should send.

    Raises:
        RestError: -1104.
    """
    read = sum(name in known for name in parameters)
    if read < len(parameters):
        message = f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{len(parameters)}'."
        raise RestError(-1104, message)


def _number(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise RestError(
            -1100,
            f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.",
        )
    return int(text)
