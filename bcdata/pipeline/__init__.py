"""What makes each zone, as plain functions that Dagster, the command line and servers call."""
