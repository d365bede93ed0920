"""The archive of files: its listing, its objects, and what is in them."""
