"""Asks the archive why rows are missing: listing history, coarser bars, delistings, tickers used again."""
