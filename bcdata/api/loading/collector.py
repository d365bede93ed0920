"""Reading without Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """While the block runs, no garbage is looked for, unless somebody else wants it so.

    What is known of hundreds of files would have the collector look through all objects of the process, which takes as
    long as reading a hundred of them, and more in a large session. What is known of files is in no cycles.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
