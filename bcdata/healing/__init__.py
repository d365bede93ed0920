"""What is missing, stale, damaged or overdue in the lake, and what has to be made anew for it."""
