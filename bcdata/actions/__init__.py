"""Splits and dividends: their table, the factors that follow, and prices that are adjusted by these. Pure functions."""
