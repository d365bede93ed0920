"""What bcdata does, zone by zone, as plain functions: one layer that Dagster, the command line and servers call.

What belongs here: the order of steps for one partition, what decides that it is stale, outcomes as values.
What must not: Dagster, printing, the meaning of numbers (bars, quality), where files lie (store).
"""
