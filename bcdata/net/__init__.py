"""Asking over the network, whoever the provider: one client, shared budgets, one event loop."""
