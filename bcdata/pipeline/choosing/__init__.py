"""Which objects a partition is made of: by the catalog, by what is in force, and by what the objects lack."""
