"""Binance's archive, listing and REST servers on the loopback."""
