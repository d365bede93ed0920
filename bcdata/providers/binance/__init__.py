"""Binance: the archive of files, and the REST API of spot, USD-M (um) and COIN-M (cm)."""
