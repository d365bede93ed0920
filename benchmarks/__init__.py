"""Performance, measured against a floor: the least code that does the same work."""
