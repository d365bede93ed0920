"""What a symbol is: coin, stock, index, future, ..., read from its text as its provider writes it."""
