"""Markets and what is true of a venue: sources, symbol rules, calendars. Values, without a network."""
