"""Marks on the records of raw's manifests: what was found out about stored objects after they came."""

DAMAGED = "damaged"
"""The bytes in raw are not those that came: the object is asked for again."""
