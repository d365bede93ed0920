"""What is missing, stale, damaged or overdue in the lake, and what has to be rebuilt for it."""
