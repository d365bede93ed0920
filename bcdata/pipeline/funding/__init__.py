"""Settlements, from raw to merged."""
