"""bcdata: a market-data platform on Dagster.

Zones, in the order in which data flows: raw, parsed, merged, features. Importing this package
imports nothing else: rooms are loaded by those who need them.
"""

__version__ = "0.1.0"
