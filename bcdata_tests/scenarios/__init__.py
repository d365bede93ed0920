"""Whole situations: what the archive has, what REST says, and what may be published of it, in any order of runs."""
