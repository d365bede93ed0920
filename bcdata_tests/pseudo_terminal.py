"""A command at a terminal that is typed into."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")
_PATIENCE = 30


def resize(terminal: int, columns: int, lines: int = 40) -> None:
    """Gives a terminal a size, of which who is at work there is told."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def left_on(raw: str) -> str:
    """What is to be read on a terminal in the end: bars that were wiped away, and lines that were typed over, are gone.

    Lines are as long as they were written: where a terminal breaks them is not looked at.
    """
    lines, row, column = [""], 0, 0
    for codes, code, control, text in _PIECES.findall(raw):
        count = int(codes) if codes.isdigit() else 1
        match control or code:
            case "\r":
                column = 0
            case "\n" | "B":
                row += 1 if control else count
                lines += [""] * (row + 1 - len(lines))
            case "A":
                row = max(0, row - count)
            case "C":
                column += count
            case "D":
                column = max(0, column - count)
            case "K":
                lines[row] = "" if codes == "2" else lines[row][:column]
            case "J":
                lines[row:] = [lines[row][:column]]
        if text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
    return "\n".join(lines)


class Terminal:
    """A terminal that is typed into."""

    def __init__(self, ours: int) -> None:
        self._ours, self.shown, self._from = ours, "", 0

    def type(self, keys: str, until: str) -> None:
        """Types, and waits until that appears."""
        self._from = len(self.shown)
        os.write(self._ours, keys.encode())
        self.wait(until)

    def wait(self, until: str) -> None:
        end = time.monotonic() + _PATIENCE
        while until not in self.shown[self._from :]:
            assert time.monotonic() < end, f"{until!r} did not appear in {self.shown!r}"
            if not select.select([self._ours], [], [], 1)[0]:
                continue
            try:
                self.shown += CODES.sub("", os.read(self._ours, 1 << 16).decode(errors="replace"))
            except OSError:
                assert until == "", self.shown
                return


@contextmanager
def typing(
    words: Sequence[str], variables: Mapping[str, str], *, columns: int = 80, lines: int = 40
) -> Iterator[tuple[subprocess.Popen[bytes], Terminal]]:
    """The command at a terminal of this size; it is killed when the block ends before it does."""
    ours, theirs = pty.openpty()
    resize(theirs, columns, lines)
    own = {name: value for name, value in variables.items() if name not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(words, env=own, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        yield process, Terminal(ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
