"""Compiled loops, and nothing else: arrays in, arrays out. The one package that imports numba.

Only `bcdata.features.rolling`, `order`, `runs` and their like import it, and only inside functions: reading the
registry or the definitions must not pay for a compiler. What is compiled is kept beside the source; numba looks at
a module's own file to tell whether that is still good, so a kernel calls none of another module.

No fast arithmetic: every operation is rounded as it is written, so that the bits are the same on every processor.
Division by zero is infinite or NaN, as in numpy: to look for it would keep loops from being vectorised.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

K = TypeVar("K", bound=Callable[..., object])


def compiled(kernel: K) -> K:
    """Compiles the function when it is first called, for good; it runs without the interpreter's lock."""
    return cast("K", numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(kernel))
