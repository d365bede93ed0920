"""One attempt to ask: a request, its redirects, and what the reply means."""
