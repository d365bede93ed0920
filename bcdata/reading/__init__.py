"""What every reader does before it reads: where the lake is, which files may be trusted, what is said of others."""
