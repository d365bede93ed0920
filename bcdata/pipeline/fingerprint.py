"""What a partition was made of, in 32 hex digits: bytes, settings, code version, everything it read."""

import hashlib
import json

CODE_VERSION = "5"
"""Change it with any change of logic that changes published bytes."""


def fingerprint(**inputs: object) -> str:
    """A digest of plain values; the same values give the same digest, in any order of the names."""
    text = json.dumps({"code": CODE_VERSION, **inputs}, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
