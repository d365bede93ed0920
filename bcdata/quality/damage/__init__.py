"""Damage that prices of stocks have in practice, out of bars and actions as a provider sends them. Pure.

What belongs here: what contradicts itself or the actions beside it, told by name. What must not: repairs.
"""
