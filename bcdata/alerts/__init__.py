"""Telling people: messages to any channel that Apprise supports, folded, without secrets, retried.

What belongs here: channels, delivery, the filter for secrets. What must not: what is worth telling (`reporting`).
"""
