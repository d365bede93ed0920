"""Kraken's public server on the loopback."""
