"""The instruments of a market: which there were, from when to when, under which symbols."""
