"""What a bar is, how sources become one truth, and what is missing: pure functions on polars frames.

What belongs here: schemas, the grid of expected bars, merging, the gap ledger, aggregation.
What must not: vendors' formats (providers), files (store), Dagster.
"""
