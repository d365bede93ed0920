"""raw: bytes as providers send them, each with its record."""
