"""The terminal itself, and how a run moves on it, whether a command started it or a function of Python."""
