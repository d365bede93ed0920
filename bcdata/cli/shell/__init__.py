"""`bcdata sql`: a shell that reads the lake, statement by statement."""
