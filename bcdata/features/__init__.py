"""The feature zone's pure code: what the features are, and how bars become them.

Here belong the registry, the grid, the rolling kernels and one module per family. Nothing here reads or
writes a store, knows a partition key or imports Dagster.
"""
