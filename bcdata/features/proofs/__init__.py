"""Proofs that a feature is what it says: made-up markets, and promises that hold in them or do not.

The tests put all that is registered through them; `bcdata features check` puts a user's own.
"""
