"""A bounded cache for what is dear to make: rendered objects, parsed files, days of minutes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps what was used last, up to a total size. Safe between threads; a value may be made twice, never kept twice.

    A value larger than the bound is handed out and not kept.
    """

    def __init__(self, bound: int, size: Callable[[V], int]) -> None:
        self._bound = bound
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._total = 0
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value under the key, made if it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._total += self._size(value)
            while self._total > self._bound:
                _, dropped = self._values.popitem(last=False)
                self._total -= self._size(dropped)
        return value

    @property
    def total(self) -> int:
        """The size of what is kept."""
        return self._total
