"""How Yahoo writes symbols. Pure."""

from bcdata.providers.stocks.suffixes import suffixed
from bcdata.venues.classification.kinds import CURRENCIES

_CODE = 3


def written(symbol: str) -> str:
    """`EURUSD` is EURUSD=X; others as `suffixed`."""
    is_pair = len(symbol) == 2 * _CODE and {symbol[:_CODE], symbol[_CODE:]} <= CURRENCIES
    return f"{symbol}=X" if is_pair else suffixed(symbol)
