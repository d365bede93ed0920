"""`python -m benchmarks [NAME ...] [--quick]`: measures, writes JSON, and puts the tables into docs/benchmarks.md."""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    feature_month,
    features,
    ledger,
    orchestration,
    pages,
    pipeline,
    reading,
    reconciliation,
    resample,
    research,
    ticks,
)
from benchmarks.measure import PROJECT, median, median_ratio
from benchmarks.tables import Result, Table, place

RESULTS = PROJECT / "benchmarks" / "results"
PAGE = PROJECT / "docs" / "benchmarks.md"
EVENT_LOG = "event_log"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the benchmarks named, one after the other; all of them by default."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bcdata-mirror-") as folder:
        runs = _benchmarks(Path(folder), quick=options.quick)
        unknown = set(options.names) - set(runs)
        if unknown:
            raise SystemExit(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(runs)}")
        for name in options.names or runs:
            result = runs[name]()
            print(result.markdown(), flush=True)
            if options.quick and options.out is None:
                continue  # a smoke run is no result
            result.write(options.out or RESULTS)
            if options.out is None:
                place(PAGE, result)


def _benchmarks(mirror: Path, *, quick: bool) -> dict[str, Callable[[], Result]]:
    return {
        pipeline.NAME: lambda: pipeline.run(pipeline.QUICK if quick else pipeline.Plan(), mirror),
        reconciliation.NAME: lambda: reconciliation.run(
            reconciliation.QUICK if quick else reconciliation.Plan(), mirror
        ),
        orchestration.NAME: lambda: orchestration.run(orchestration.QUICK if quick else orchestration.Plan(), mirror),
        ledger.NAME: lambda: ledger.run(ledger.QUICK if quick else ledger.Plan()),
        reading.NAME: lambda: reading.run(reading.QUICK if quick else reading.Plan()),
        research.NAME: lambda: research.run(research.QUICK if quick else research.Plan()),
        resample.NAME: lambda: resample.run(resample.QUICK if quick else resample.Plan()),
        features.NAME: lambda: features.run(features.QUICK if quick else features.Plan()),
        feature_month.NAME: lambda: feature_month.run(feature_month.QUICK if quick else feature_month.Plan(), mirror),
        pages.NAME: lambda: pages.run(pages.QUICK if quick else pages.Plan()),
        ticks.NAME: lambda: ticks.run(ticks.QUICK if quick else ticks.Plan(), mirror),
        EVENT_LOG: lambda: _event_log(rounds=1 if quick else 5),
    }


def _event_log(rounds: int) -> Result:
    from benchmarks import event_log

    found = {processes: event_log.compare(processes, rounds, partitions=25) for processes in (1, 3)}
    rows = [
        (f"{processes} processes" if processes > 1 else "1 process", median(taken["stock"]), median(taken["pooled"]),
         median_ratio(taken["stock"], taken["pooled"]))
        for processes, taken in found.items()
    ]  # fmt: skip
    header = ("ms an asset-partition", "stock SQLite", "pooled SQLite", "stock ÷ pooled")
    return Result(
        EVENT_LOG, [Table("Event log", header, rows)], {str(number): taken for number, taken in found.items()}
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = (
        pipeline.NAME,
        reconciliation.NAME,
        orchestration.NAME,
        ledger.NAME,
        reading.NAME,
        research.NAME,
        resample.NAME,
        features.NAME,
        feature_month.NAME,
        ticks.NAME,
        EVENT_LOG,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all, or some of {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="tiny input, one round: does it run at all?")
    parser.add_argument("--out", type=Path, help="write JSON here, and leave the page alone")
    return parser


if __name__ == "__main__":
    main()
