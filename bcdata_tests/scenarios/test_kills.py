"""SIGKILL at any moment of `materialize`, `export` and the making of Dagster's home: the next run ends as if never.

`make campaign` kills a thousand times; `bcdata_tests/cli/test_kill.py` has the moments that were hard once.
"""

import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from bcdata.exports.records import FOLDER
from bcdata_tests.command import Command, materialize
from bcdata_tests.scenarios import warm
from bcdata_tests.scenarios.power import D, files_of, put
from bcdata_tests.world import World

if TYPE_CHECKING:
    from pathlib import Path

KILLS = int(os.environ.get("BCDATA_CAMPAIGN_KILLS", "10"))
SEED = os.environ.get("BCDATA_CAMPAIGN_SEED", "1")
CATALOG = f"""
datasets:
  {D}:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT, ETHUSDT]
    sources: [binance_archive, binance_rest]
    features: false
"""
WORDS = materialize(D, "BTCUSDT,ETHUSDT", "2025-01", "2025-01")
EXPORT = ["export", "--dataset", D, "--symbols", "BTCUSDT,ETHUSDT", "--out", "out"]
_ROUNDS = 2


@dataclass
class Kind:
    """A command, what it leaves, and how it is begun from nothing."""

    name: str
    words: list[str]
    clear: Callable[[Command], None]
    left: Callable[[Command], dict[str, bytes]]
    seconds: float = 0.0
    want: dict[str, bytes] = field(default_factory=dict)
    killed: int = 0

    def run(self, command: Command) -> None:
        """To its end."""
        status, printed = warm.finish(warm.start(self.words, command.variables, command.folder), command.folder)
        assert status == 0, f"{self.name}: status {status}: {printed[-2000:]}"

    def measure(self, command: Command) -> None:
        """How long it takes from nothing, and what it leaves."""
        took = []
        for _ in range(_ROUNDS):
            self.clear(command)
            begun = time.perf_counter()
            self.run(command)
            took.append(time.perf_counter() - begun)
        self.seconds, self.want = min(took), self.left(command)

    def die_and_go_on(self, command: Command, after: float) -> None:
        """Killed after so long; then run to its end, which must be the same."""
        self.clear(command)
        self.killed += warm.kill_after(warm.start(self.words, command.variables, command.folder), after)
        self.check_half_done(command)
        self.run(command)
        left = self.left(command)
        assert left == self.want, f"{self.name}: other files: {sorted(_differing(left, self.want))}"

    def check_half_done(self, command: Command) -> None:
        """What has its name is whole."""
        half = {key: body for key, body in self.left(command).items() if not key.startswith(".")}
        assert half.items() <= self.want.items(), f"{self.name}: not whole: {sorted(_differing(half, self.want))}"


def _differing(one: dict[str, bytes], other: dict[str, bytes]) -> set[str]:
    return {key for key in one.keys() | other.keys() if one.get(key) != other.get(key)}


def _remove(*names: str) -> Callable[[Command], None]:
    def clear(command: Command) -> None:
        for name in names:
            shutil.rmtree(command.folder / name, ignore_errors=True)

    return clear


def _exported(command: Command) -> dict[str, bytes]:
    out: Path = command.folder / "out"
    files = (path for path in sorted(out.rglob("[!.]*")) if path.is_file() and path.parent.name != FOLDER)
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def _nothing(_: Command) -> dict[str, bytes]:
    """A home is usable, whatever its bytes are."""
    return {}


@pytest.mark.slow
@pytest.mark.timeout(240 + 60 * KILLS)
def test_killed_at_any_moment(world: World) -> None:
    for stage in (0, 1):
        put(world, stage)
    command = Command.of(world, CATALOG, "killed", BCDATA_NOW="2025-01-06T00:00:00Z")
    lake = Kind("materialize", WORDS, _remove("lake"), lambda one: files_of(one.root))
    kinds = [
        lake,
        Kind("materialize in a new home", WORDS, _remove("lake", "dagster"), lake.left),
        Kind("export", EXPORT, _remove("out"), _exported),
        Kind("export of several files", [*EXPORT, "--format", "vectorbt"], _remove("out"), _exported),
        Kind("a new home", [*WORDS, "--dry-run"], _remove("dagster"), _nothing),
    ]
    for kind in kinds:
        kind.measure(command)
    dice = random.Random(SEED)
    for number in range(KILLS):
        kind = kinds[number % len(kinds)]  # each ends with the lake whole, as the next one finds it
        kind.die_and_go_on(command, dice.uniform(0, kind.seconds))
    told = ", ".join(f"{kind.name} {kind.killed} (of {kind.seconds:.1f} s)" for kind in kinds)
    print(f"seed {SEED}, {KILLS} kills; died at work: {told}")
    assert sum(kind.killed for kind in kinds) >= KILLS // 2, told
