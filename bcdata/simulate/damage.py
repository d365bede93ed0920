"""What faults do to the body of any answer. Pure: the same fault does the same to the same request."""

from dataclasses import replace

from bcdata.simulate.answers import Answer
from bcdata.simulate.faults import Fault


def damaged_body(answer: Answer, fault: Fault, line: str) -> Answer:
    """The answer as `garbage`, `truncate_silently` and `html` have it; other kinds leave it alone."""
    if fault.kind == "garbage":
        return replace(answer, body=_flip(answer.body, fault, line))
    if fault.kind == "truncate_silently":
        return replace(answer, body=answer.body[: len(answer.body) // 2])
    if fault.kind == "html":  # what a proxy or a portal puts in the place of an answer
        return replace(answer, body=b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>")
    return answer


def _flip(body: bytes, fault: Fault, line: str) -> bytes:
    random = fault.random(line)
    changed = bytearray(body)
    for at in random.sample(range(len(body)), min(fault.flips, len(body))):  # nosec B311 # a made market, not a secret
        changed[at] ^= random.randrange(1, 256)  # nosec B311 # a made market, not a secret
    return bytes(changed)
