"""Whether this machine can do the work: what is installed, where things lie, who can be asked."""
