"""How Polygon writes the symbols of the lake. Pure."""

from zoneinfo import ZoneInfo

from bcdata.providers.stocks.local_time import NEW_YORK
from bcdata.venues.classification.kinds import CURRENCIES

_INDICES = {"GSPC": "SPX", "IXIC": "COMP"}
"""Its own names of indices."""
_UTC = ZoneInfo("UTC")
_CODE = 3


def is_pair(symbol: str) -> bool:
    """Whether it is a pair of currencies: `EURUSD`."""
    return len(symbol) == 2 * _CODE and {symbol[:_CODE], symbol[_CODE:]} <= CURRENCIES


def written(symbol: str) -> str:
    """`I:SPX` of `^GSPC` or `I:SPX`, `C:EURUSD` of `EURUSD`; stocks are written as they are: `BRK.B`."""
    if symbol.startswith("^"):
        return f"I:{_INDICES.get(symbol[1:], symbol[1:])}"
    return f"C:{symbol}" if is_pair(symbol) else symbol


def zone_of(symbol: str) -> ZoneInfo:
    """The zone at whose midnight its days begin: currencies have days of UTC."""
    return _UTC if is_pair(symbol) else NEW_YORK
