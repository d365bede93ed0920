"""One module per family, each with its `FAMILY`. Every module put here is found by the registry."""
