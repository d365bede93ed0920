"""Sizes of COIN-M contracts: dated reference data (Binance contract specifications), checked against prices."""

_BITCOIN_USD = 100.0
_OTHERS_USD = 10.0


def contract_size(symbol: str) -> float:
    """What one contract is worth in quote currency (USD): 100 for BTCUSD contracts, 10 for all others.

    Whether that holds for the bars at hand is checked by `bcdata.quality`: contracts × size / base volume must
    lie between low and high.
    """
    return _BITCOIN_USD if symbol.startswith("BTCUSD_") else _OTHERS_USD
