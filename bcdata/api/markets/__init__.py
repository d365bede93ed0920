"""What is known of markets without a lake: their sessions, their symbols, what splits and dividends do to prices."""
