"""What one look has found. Pure."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what it is.
        verdict: `ok`, `warning` (something may not work) or `problem` (it will not).
        found: what is there.
        fix: what to do; nothing where all is well.
    """

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name, "ok", found)


def warning(name: str, found: str, fix: str) -> Check:
    """Something may not work."""
    return Check(name, "warning", found, fix)


def problem(name: str, found: str, fix: str) -> Check:
    """It will not work."""
    return Check(name, "problem", found, fix)
