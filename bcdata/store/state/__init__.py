"""Side tables of one machine: what was tried, asked for, told and is alive. Losing one loses no data."""
