"""Generated worlds in which something is broken or lies: what is published must be true, whatever the order of runs."""
