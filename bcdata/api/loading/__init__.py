"""How `load` gets from its arguments to rows: what is meant, what is there, reading it, and the form it is given in."""
