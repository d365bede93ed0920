"""What a catalog declares around its datasets: markets, plans of providers, and the rules that choose sources."""
