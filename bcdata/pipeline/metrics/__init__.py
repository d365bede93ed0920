"""Metrics, from raw to merged: the functions that their row of the table of frame types names."""
