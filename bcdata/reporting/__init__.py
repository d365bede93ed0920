"""What is there, for the command line, Dagster's pages, a server. Prints nothing."""
