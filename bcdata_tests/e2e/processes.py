"""A server as a process group of its own: what it starts ends with it, whatever happens."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 45.0
"""Seconds that a group has to end by itself when it is asked to. Dagster's code servers take 20 s without a
heartbeat to notice that their daemon has gone, where the daemon did not get to telling them."""


class ProcessGroup:
    """One command and all its descendants.

    Args:
        words: the command.
        environment: all of its environment.
        log: the file that takes what it prints.
    """

    def __init__(self, words: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self._leader = subprocess.Popen(
                words,
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._signal(signal.SIGKILL)
        self._leader.wait()

    @property
    def is_running(self) -> bool:
        """Whether the command itself is still there."""
        return self._leader.poll() is None

    @property
    def output(self) -> str:
        """What the group has printed so far."""
        return self.log.read_text(errors="replace")

    def ask_to_end(self) -> None:
        """Asks the command to end, as a service manager would."""
        if self.is_running:
            self._leader.send_signal(signal.SIGTERM)

    def left(self) -> list[str]:
        """Waits for the end of all of the group.

        Returns:
            The processes that did not end in time (`ps` lines); they are killed when the block ends.
        """
        deadline = time.monotonic() + PATIENCE
        while (left := self.members()) and time.monotonic() < deadline:
            self._leader.poll()
            time.sleep(0.1)
        return left

    def members(self) -> list[str]:
        """The living processes of the group."""
        listing = subprocess.run(["ps", "-axo", "pgid=,pid=,stat=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
        return [" ".join(row) for row in rows if int(row[0]) == self._leader.pid and not row[2].startswith("Z")]

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._leader.pid, number)
