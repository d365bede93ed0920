"""Recorded answers of Tiingo."""

from pathlib import Path

import yaml


def recorded(shared_data: Path, name: str, at: int = 0) -> bytes:
    """The body of a recorded answer."""
    tape = yaml.safe_load((shared_data / f"providers/tiingo/tiingo_python_vcr/{name}.yaml").read_text())
    body: str | bytes = tape["interactions"][at]["response"]["body"]["string"]
    return body if isinstance(body, bytes) else body.encode()
