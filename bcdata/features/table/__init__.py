"""Bars onto the grid and features out of it: what is read, when each row is known."""
