"""The natural logarithm, in additions, multiplications and divisions alone.

A library's logarithm differs in its last bit from one processor and one version to the next: the same partition would
have other bytes on another machine. This one is FreeBSD's e_log.c (Sun Microsystems 1993; below one unit in the last
place), without branches, so that several values are computed at once.
"""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray

_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_ODD = (6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01)
_EVEN = (3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01)
_LEAST = float(np.finfo(np.float64).tiny)

_WIDTH = np.uint64(52)
_FRACTION = np.uint64(2**52 - 1)
_ROOT_HALF = np.uint64(0x3FE6A09E667F3BCD)
"""Bits of √½: what is split off from an exponent lies between it and √2, around 1."""
_SHIFT = np.uint64(0x3FF0000000000000) - _ROOT_HALF
_WHOLE = np.uint64(0x4330000000000000)
"""Bits of 2^52: put before a small whole number they make a float of it."""
_BIAS = 2.0**52 + 1023.0

_BLOCK = 512


@compiled
def _split(ratio: FloatArray, fraction: FloatArray, exponent: FloatArray) -> None:
    """Ratio = fraction · 2^exponent, fraction in [√½, √2); the exponent still has `_BIAS` on it."""
    bits, fractions, exponents = ratio.view(np.uint64), fraction.view(np.uint64), exponent.view(np.uint64)
    for i in range(ratio.size):
        shifted = bits[i] + _SHIFT
        exponents[i] = (shifted >> _WIDTH) | _WHOLE
        fractions[i] = (shifted & _FRACTION) + _ROOT_HALF


@compiled
def log_ratios(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """ln(numerator / denominator); NaN where either is not positive, or the ratio no normal number."""
    out = np.empty(numerator.size)
    ratio, fraction, exponent = np.ones(_BLOCK), np.empty(_BLOCK), np.empty(_BLOCK)
    for start in range(0, out.size, _BLOCK):
        above, below = numerator[start : start + _BLOCK], denominator[start : start + _BLOCK]
        wanted = out[start : start + _BLOCK]
        for i in range(wanted.size):
            ratio[i] = above[i] / below[i] if (above[i] > 0.0) & (below[i] > 0.0) else np.nan
        _split(ratio, fraction, exponent)
        for i in range(wanted.size):
            power, f = exponent[i] - _BIAS, fraction[i] - 1.0
            s = f / (2.0 + f)
            z = s * s
            w = z * z
            odd = z * (_ODD[0] + w * (_ODD[1] + w * (_ODD[2] + w * _ODD[3])))
            even = w * (_EVEN[0] + w * (_EVEN[1] + w * _EVEN[2]))
            half = 0.5 * f * f
            log = s * (half + (odd + even)) + power * _LN2_LOW - half + f + power * _LN2_HIGH
            wanted[i] = log if (ratio[i] >= _LEAST) & (ratio[i] < np.inf) else np.nan
    return out
