"""Commands before and beside the work: a catalog to begin with, a look at the machine, Dagster's pages."""
