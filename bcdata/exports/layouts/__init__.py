"""How other tools want their files: one module a layout, and a table of them. No engine is imported."""
