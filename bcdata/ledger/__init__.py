"""Missing rows: the ledger, the reasons and their order, what proves that a bar does not exist. Pure."""
