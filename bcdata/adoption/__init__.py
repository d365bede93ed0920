"""Files that a user already has: found in a folder, named, verified, and weighed against what the lake has of them."""
