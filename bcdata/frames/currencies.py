"""Codes of what prices are in: currencies (ISO 4217), and those that mean hundredths of one. Free of heavy imports."""

HUNDREDTHS = {"GBp": "GBP", "GBX": "GBP", "ZAc": "ZAR", "ILA": "ILS", "USX": "USD"}
"""The currency of which a code means hundredths."""


def currency_and_unit(code: str) -> tuple[str, float]:
    """`("GBP", 0.01)` of `GBp`; any other code is the currency itself."""
    return (HUNDREDTHS[code], 0.01) if code in HUNDREDTHS else (code, 1.0)
