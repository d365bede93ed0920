"""Who reads damaged files of a lake says so, with the command for the repair, and takes them for nothing else."""

import os
import shutil

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.errors import StoreError
from bcdata.pipeline.halts import watch
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.store.layout import halts_table
from bcdata.store.store import Store
from bcdata_tests.healing.test_repair import a_file, flip
from bcdata_tests.healing.test_repair import lake as lake  # noqa: PLC0414 (a fixture)
from bcdata_tests.healing.test_repair import made as made  # noqa: PLC0414 (a fixture)
from bcdata_tests.run import Lake, tree
from bcdata_tests.scenarios.whole_lake import MONTHS, SYMBOL, D, run


def test_a_run_over_one_zone_says_what_is_damaged_before_it(lake: Lake) -> None:
    """The labels of January look into February."""
    flip(a_file(lake, f"merged/{D}", MONTHS[1]))
    a_file(lake, f"labels/{D}").unlink()
    [one] = [one for _, one in run(lake, Zone.LABELS).outcomes if one.partition.date == MONTHS[0]]
    assert one.state is State.FAILED
    command = f"bcdata materialize --dataset {D} --symbols {SYMBOL} --from {MONTHS[1]} --to {MONTHS[1]}"
    assert f"repair it with: {command}" in one.verdict.summary()


@pytest.mark.parametrize("command", [["gaps", "--dataset", D], ["status"]])
def test_a_damaged_ledger_is_counted_by_nobody(lake: Lake, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(lake.catalog.path))
    assert CliRunner().invoke(app, [*command, "--json"]).exit_code == 0
    flip(a_file(lake, f"gaps/{D}"))
    error = CliRunner().invoke(app, [*command, "--json"]).exception
    assert isinstance(error, StoreError)
    assert f"repair it with: bcdata materialize --dataset {D} --symbols {SYMBOL} --from {MONTHS[0]}" in str(error)


def test_halts_go_by_contents_and_not_by_times(lake: Lake) -> None:
    dataset, copied = lake.catalog[D], lake.root.with_name("copied")
    assert [one.date for one in watch(Store(lake.root), dataset)] == list(MONTHS)
    before = tree(lake.root / "halts")
    shutil.copytree(lake.root, copied, copy_function=shutil.copyfile)
    for root in (lake.root, copied):
        for path in root.rglob("*.parquet"):
            os.utime(path)
        assert list(watch(Store(root), dataset)) == []
    flip(lake.root / halts_table(D, MONTHS[1]).key())
    assert [one.date for one in watch(Store(lake.root), dataset)] == [MONTHS[1]]
    assert tree(lake.root / "halts") == before
    flip(a_file(lake, f"gaps/{D}"))  # of bars only some columns are read
    (lake.root / halts_table(D, MONTHS[0]).key()).unlink()
    with pytest.raises(StoreError, match="repair it with"):
        list(watch(Store(lake.root), dataset))
