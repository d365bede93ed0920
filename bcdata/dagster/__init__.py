"""All of Dagster: assets, checks, jobs, partitions, resources, sensors, schedules, and the launching of runs."""
