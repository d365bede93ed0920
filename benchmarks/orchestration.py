"""What Dagster costs: whole runs against the same runs with empty assets, and the same work without Dagster."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.archive_server import archive_server
from benchmarks.cases import NOW, Case, first_months, generate, generated_case
from benchmarks.measure import PROJECT, BenchmarkError, Measured, child, median, median_ratio, timed
from benchmarks.tables import Result, Table

NAME = "orchestration"


@dataclass(frozen=True, slots=True)
class Run:
    """One rectangle to measure, up to a zone."""

    symbols: int
    months: int
    rounds: int
    until: str = "merged"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: runs; rectangles of rising length for memory; rounds of the short commands."""

    runs: tuple[Run, ...] = (Run(10, 12, 2), Run(2, 12, 1, "features"), Run(50, 12, 1))
    memory: tuple[tuple[int, int], ...] = ((4, 6), (4, 24))
    command_rounds: int = 3


QUICK = Plan(runs=(Run(2, 1, 1),), memory=((1, 2),), command_rounds=1)


class Place:
    """A scratch folder with a Dagster home like the project's own, served by a loopback exchange."""

    def __init__(self, scratch: Path, case: Case, served: dict[str, str]) -> None:
        self._scratch = scratch
        self._case = case
        self.home = scratch / "home"
        self.settings = {
            **served,
            "BCDATA_NOW": NOW,
            "BCDATA_CATALOG": str(case.catalog(scratch / "catalog.yaml")),
            "BCDATA_STATE": str(scratch / "state"),
            "BCDATA_ROOT": str(self.home / "data"),
            "DAGSTER_HOME": str(self.home),
        }

    def clear(self) -> None:
        """An empty lake and an empty instance with the project's dagster.yaml."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        shutil.copy(PROJECT / "dagster.yaml", self.home)

    def files(self) -> list[Path]:
        """The Parquet files of the lake."""
        return list((self.home / "data").rglob("*.parquet"))

    def command(self, until: str, *, empty: bool = False, kept: str = "outcomes") -> Measured:
        """`bcdata materialize` of the whole case, in a fresh process; with empty assets, if so wanted."""
        months = [month for _, month in self._case.pairs]
        symbols = ",".join(dict.fromkeys(symbol for symbol, _ in self._case.pairs))
        words = ["materialize", "--dataset", self._case.dataset, "--symbols", symbols,
                 "--from", min(months), "--to", max(months), "--until", until]  # fmt: skip
        job = {"words": words, "empty": empty, "outcomes": str(self._scratch / kept)}
        return child("command", job, cwd=self.home, extra=self.settings)

    def job(self, until: str) -> dict[str, object]:
        """The same work without Dagster, as `benchmarks.operations` takes it."""
        return {
            "dataset": self._case.dataset,
            "pairs": self._case.pairs,
            "until": until,
            "refill": True,
            "warm_up": False,
        }

    def context(self, until: str) -> Measured:
        """The same work without Dagster."""
        return child("operations", self.job(until), cwd=self.home, extra=self.settings)


@contextmanager
def place(case: Case) -> Iterator[Place]:
    """A cleared place for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="bcdata-bench-") as name, archive_server(case.folder) as served:
        found = Place(Path(name), case, served)
        found.clear()
        yield found


def run(plan: Plan, mirror: Path) -> Result:
    """Measures all runs, memory over time ranges, and the short commands on the lake of the last run."""
    generate(mirror, [(one.symbols, one.months) for one in plan.runs] + list(plan.memory))
    found = []
    commands: dict[str, list[float]] = {}
    for one in plan.runs:
        with place(generated_case(mirror, one.symbols, one.months)) as here:
            found.append((one, measure(here, one)))
            if one is plan.runs[-1]:
                commands = short_commands(here, plan.command_rounds)
    peaks = [(symbols, months, _peak(generated_case(mirror, symbols, months))) for symbols, months in plan.memory]
    tables = [_runs_table(found), _memory_table(peaks), _commands_table(commands, plan.runs[-1])]
    plain = [{**asdict(one), **{name: [asdict(m) for m in ms] for name, ms in kinds.items()}} for one, kinds in found]
    return Result(NAME, tables, {"runs": plain, "memory": peaks, "commands": commands})


def measure(here: Place, one: Run) -> dict[str, list[Measured]]:
    """Rounds of whole run, no-op rerun, empty run and work alone. The last of them, which works, leaves its lake."""
    found: dict[str, list[Measured]] = {"whole": [], "again": [], "empty": [], "work": []}
    for number in range(one.rounds):
        # The empty run replays what a whole run recorded; after that their order alternates.
        order = ("whole", "empty", "work") if number % 2 == 0 else ("work", "empty", "whole")
        for kind in order:
            here.clear()
            if kind == "whole":
                found["whole"].append(here.command(one.until))
                found["again"].append(here.command(one.until, kept="unchanged"))
            elif kind == "empty":
                found["empty"].append(here.command(one.until, empty=True))
                _ensure(not here.files(), "the empty run did work")
            else:
                found["work"].append(here.context(one.until))
    _ensure(len({m["partitions"] for kind in ("whole", "again", "empty") for m in found[kind]}) == 1, "runs differ")
    _ensure(not any(m["published"] for m in found["again"]), "the rerun did work again")
    return found


def _ensure(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BenchmarkError(f"nothing to compare: {otherwise}")


def short_commands(here: Place, rounds: int) -> dict[str, list[float]]:
    """Wall times (s) of what people wait for, on the lake that is there."""
    python = [sys.executable]
    bcdata = [sys.executable, "-m", "bcdata"]
    sql = "SELECT symbol, count(*) AS bars, sum(quote_volume) FROM spot_klines_1m GROUP BY symbol"
    commands = {
        "python -c pass": [*python, "-c", "pass"],
        "python -c 'import dagster'": [*python, "-c", "import dagster"],
        "python -c 'import bcdata.definitions'": [*python, "-c", "import bcdata.definitions"],
        "bcdata --help": [*bcdata, "--help"],
        "bcdata status": [*bcdata, "status"],
        "bcdata gaps": [*bcdata, "gaps", "--dataset", "spot_klines_1m"],
        "bcdata query (all bars, by symbol)": [*bcdata, "query", sql],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, words in commands.items():
            found[name].append(timed(words, cwd=here.home, extra=here.settings))
    return found


def _peak(case: Case) -> float:
    with place(case) as here:
        return float(here.command("merged")["peak_mb"])


def _runs_table(found: list[tuple[Run, dict[str, list[Measured]]]]) -> Table:
    header = ("", "whole run, s", "empty run, s", "work alone, s", "whole ÷ (empty + work)", "orchestration, %",
              "same again, s", "peak MB")  # fmt: skip
    return Table("Runs", header, [_run_row(one, kinds) for one, kinds in found], _RUNS_NOTE)


def _run_row(one: Run, kinds: dict[str, list[Measured]]) -> list[str | float]:
    whole, again, empty = ([m.wall for m in kinds[name]] for name in ("whole", "again", "empty"))
    context = [m["all"]["seconds"] for m in kinds["work"]]
    apart = [left + right for left, right in zip(empty, context, strict=True)]
    share = median([1 - alone / all_of_it for alone, all_of_it in zip(context, whole, strict=True)])
    peak = max(m["peak_mb"] for m in kinds["whole"])
    title = f"{one.symbols} symbols × {one.months} months, to {one.until}"
    walls = [median(values) for values in (whole, empty, context)]
    return [title, *walls, median_ratio(whole, apart), 100 * share, median(again), peak]


_RUNS_NOTE = (
    "Wall time of `bcdata materialize` from process start to exit, REST repair included, pooled event log as in"
    " `dagster.yaml`. The empty run has the same definitions, and assets that only report the same metadata and check"
    " evaluations. `orchestration` is all that is not the work alone: start-up, imports, event log, checks."
)


def _memory_table(peaks: list[tuple[int, int, float]]) -> Table:
    rows = [(f"{symbols} symbols × {months} months", symbols * months, peak) for symbols, months, peak in peaks]
    return Table("Memory of a run", ("", "partitions an asset", "peak MB"), rows)


def _commands_table(commands: dict[str, list[float]], lake: Run) -> Table:
    rows = [(f"`{name}`", median(values)) for name, values in commands.items()]
    title = f"Commands, on a lake of {lake.symbols} symbols × {lake.months} months"
    bars = f"{lake.symbols} symbols from {first_months(1)[0]} to {first_months(lake.months)[-1]}."
    return Table(title, ("", "s"), rows, bars)
