"""Files for other tools, out of published rows: whole or not at all."""
