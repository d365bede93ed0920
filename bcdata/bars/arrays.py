"""numpy as polars sees it: loaded before threads start."""

from threading import Lock

_lock = Lock()


def load_numpy() -> None:
    """Has polars load numpy now, if it has not yet.

    polars does so when it first needs it, in a way in which two threads at once end in `TypeError: 'module' object does
    not support item assignment` (bcdata_tests/facts/test_polars.py).
    """
    import numpy as np
    import polars as pl

    with _lock:
        pl.Series(np.zeros(1))
