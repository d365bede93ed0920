"""What is there, for whoever asks: the command line, Dagster's pages, a server. Prints nothing."""
