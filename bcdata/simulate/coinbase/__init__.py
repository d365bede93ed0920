"""Coinbase's exchange on the loopback."""
