"""What is made of merged bars for research: features, labels, reports, seasonality."""
