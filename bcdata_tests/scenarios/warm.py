"""Commands in processes that have everything imported: forked from one that waits, so that each begins at once."""

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import bcdata.cli
import bcdata.dagster.build
import bcdata.dagster.launch
import bcdata.features.kernels.momentum
import bcdata.net.client
import bcdata.pipeline.features.table
import bcdata.pipeline.merged
import bcdata.pipeline.raw.archive
import bcdata.pipeline.raw.repair


def context() -> ForkServerContext:
    """Where the processes come from."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([__name__])
    return found


def run_command(words: Sequence[str], variables: dict[str, str], folder: str, out: str) -> None:
    """Is `bcdata` with these words, from here on."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    file = os.open(out, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    sys.argv = ["bcdata", *words]
    bcdata.cli.main()


def start(words: Sequence[str], variables: dict[str, str], folder: Path) -> ForkServerProcess:
    """Begins a command; what it prints goes to a file in its folder."""
    arguments = (list(words), variables, str(folder), str(folder / "printed.txt"))
    process = context().Process(target=run_command, args=arguments)
    process.start()
    return process


def finish(process: ForkServerProcess, folder: Path) -> tuple[int, str]:
    """Exit status and what was printed, once it has ended."""
    process.join(100)
    assert process.exitcode is not None, "it does not end"
    printed = (folder / "printed.txt").read_text(errors="replace")
    status, _ = process.exitcode, process.close()
    return status, printed


def kill_after(process: ForkServerProcess, seconds: float) -> bool:
    """SIGKILL after so long; whether it was still at work."""
    time.sleep(seconds)
    process.kill()
    process.join()
    was_at_work = process.exitcode == -9
    process.close()
    return was_at_work
