"""Compiled loops, and nothing else: arrays in, arrays out. The one package that imports numba.

Only `bcdata.features.rolling`, `order`, `runs` and their like import it, and only inside functions: reading the
registry or the definitions must not pay for a compiler. What is compiled is kept beside the source; numba looks at
a module's own file to tell whether that is still good, so a kernel calls none of another module.

No fast arithmetic: every operation is rounded as it is written, so that the bits are the same on every processor.
Division by zero is infinite or NaN, as in numpy: to look for it would keep loops from being vectorised.
"""

import pickle  # nosec B403: only what numba itself has written beside the source, and would read next
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

K = TypeVar("K", bound=Callable[..., object])


def compiled(kernel: K) -> K:
    """Compiles the function when it is first called, for good; it runs without the interpreter's lock."""
    dispatcher = numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(kernel)
    if kept := dispatcher.stats.cache_path:
        forget_unreadable(Path(kept), f"{kernel.__module__.rpartition('.')[2]}.{kernel.__qualname__}")
    return cast("K", dispatcher)


def forget_unreadable(folder: Path, name: str) -> None:
    """Removes what is kept of a kernel and names a class that there is no more: numba would stop at it.

    An earlier release may have left it: numba unpickles an index before it looks whether the source has changed.
    """
    for index in folder.glob(f"{name}-*.nbi"):
        try:
            with index.open("rb") as file:
                pickle.load(file)  # noqa: S301 # nosec B301: see the import
                pickle.load(file)  # noqa: S301 # nosec B301
        except OSError:
            pass  # gone meanwhile, or not ours to read: numba sees for itself
        except Exception:  # noqa: BLE001 - unpickling raises whatever the classes that it names raise
            index.unlink(missing_ok=True)
