"""What was inflated last: raw looks into an object, parsed reads it, merged its coarser bars, and it is inflated once.

Bounded, so that memory stays flat: a run over more than fits inflates an object once in each zone.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

_MOST_BYTES = 32 << 20
_LARGEST_SHARE = 4
"""What is larger than this part of the whole is not kept: it would push out all others."""


class RecentContents:
    """Contents by what they were made of, the latest ones; shared by threads.

    Args:
        most_bytes: of all contents and of the packed bytes that they are found by.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._lock = Lock()
        self._contents: OrderedDict[Hashable, tuple[bytes, int]] = OrderedDict()

    def get(self, key: Hashable, packed: int, inflate: Callable[[], bytes]) -> bytes:
        """The content that this key stands for; an error of `inflate` is passed on and not remembered.

        Args:
            key: all that the content depends on, the packed bytes among it.
            packed: how many these are.
            inflate: makes the content.
        """
        with self._lock:
            if found := self._contents.get(key):
                self._contents.move_to_end(key)
                return found[0]
        content = inflate()
        self._keep(key, content, packed + len(content))
        return content

    def _keep(self, key: Hashable, content: bytes, size: int) -> None:
        if size > self._most // _LARGEST_SHARE:
            return
        with self._lock:
            if key in self._contents:
                return
            self._contents[key] = content, size
            self._held += size
            while self._held > self._most:
                self._held -= self._contents.popitem(last=False)[1][1]
