"""parsed: one audited frame a source; what is not believed is set aside with its reason."""
