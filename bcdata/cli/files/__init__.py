"""Commands about files that are no part of the lake: taken from users, and made for them."""
