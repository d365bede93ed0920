"""The exchanges that are read through the ccxt library. Symbols are ccxt's with `-` for `/`: `BTC-USD`. Spot alone."""

from bcdata.venues.market import Market

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
"""Those of which all exchanges have the same grid. Which of them an exchange has shows when it is asked."""

# Of ccxt 4.5.64: the ids of exchanges with spot markets and `fetchOHLCV`, without those that are another name of one of
# them, and without the exchanges that another provider reads.
_IDS = """
alpaca aster backpack bequant bigone bingx bitbank bitfinex bitget bithumb bitmart bitmex bitopro bitrue bitso bitstamp
bitteam bittrade bitvavo btcmarkets btcturk bullish bybit bybiteu cex coinbaseinternational coinex coinsph cryptocom
deepcoin delta deribit digifinex exmo extended fmfwio foxbit gate gateeu gemini hashkey hitbtc hollaex htx hyperliquid
kucoin kucoineu lbank lighter luno mercado mexc myokx ndax okx okxus onetrading p2b phemex poloniex tokocrypto toobit
upbit weex whitebit woo xt zebpay
"""

_DERIVATIVE = ":"
"""Is in the symbols of derivatives, which are not read."""

MARKETS = tuple(
    Market(name, "2011-08", ("klines",), INTERVALS, foreign=_DERIVATIVE, reference="BTC-USDT") for name in _IDS.split()
)
