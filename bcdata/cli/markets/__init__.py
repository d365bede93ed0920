"""What is known of markets without a lake."""
