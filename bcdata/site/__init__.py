"""The report of a lake as a static site: what is collected, how it is drawn, and how the folder is written."""
