"""The lake on disk: the only package that knows where `<root>` is and how files get there.

What belongs here: layout of keys, atomic publication, reading back, quarantine, the side table.
What must not: what the bytes mean (bars, quality) or where they came from (providers).
"""
