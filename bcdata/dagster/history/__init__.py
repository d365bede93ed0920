"""Runs and backfills of an instance, looked at and acted upon from the command line."""
