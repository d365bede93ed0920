"""Corporate actions: parsed out of the pages of sources, and merged to one row an action."""
