"""An export that is run again: what stands is left alone, what changed is written, and nothing of others is lost."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.errors import MissingDataWarning, UsageError
from bcdata.exports.files import export
from bcdata.exports.layouts.layout import File
from bcdata.exports.layouts.table import LAYOUTS
from bcdata.exports.records import FOLDER, Record, Written, read_record
from bcdata.exports.staged import alone
from bcdata.exports.writing import Place, put
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.exports.lake import HOURS, START, ExportLake, run

MINUTES = "spot_klines_1m"
DAY = timedelta(days=1)


@pytest.mark.parametrize("form", LAYOUTS)
def test_a_second_export_changes_nothing(two: ExportLake, form: str) -> None:
    first = run(two, form)
    before = two.files()
    assert {one.state for one in first} == {"written"}
    again = run(two, form)
    assert {one.state for one in again} == {"unchanged"}
    assert two.files() == before
    for one, other in zip(first, again, strict=True):
        assert (one.path, one.files, one.rows, one.bytes) == (other.path, other.files, other.rows, other.bytes)
    assert {one.state for one in run(two, form, force=True)} == {"unchanged"}
    assert two.files() == before


@pytest.mark.parametrize("form", LAYOUTS)
def test_what_is_made_of_other_rows_is_written_again_and_nothing_else(two: ExportLake, form: str) -> None:
    run(two, form)
    before = two.files()
    two.publish(HOURS, "ETHUSDT", closes=[4.0, 5.0, 6.0])
    states = [one.state for one in run(two, form)]
    assert states == (["written"] if LAYOUTS[form].is_wide else ["unchanged", "written"])
    changed = {name for name, file in two.files().items() if before.get(name) != file}
    assert changed
    assert LAYOUTS[form].is_wide or not [name for name in changed if "btc" in name.lower()]


@pytest.mark.parametrize("form", LAYOUTS)
def test_what_was_lost_is_written_again(two: ExportLake, form: str) -> None:
    run(two, form)
    before = two.files()
    lost = min(before)
    (two.out / lost).unlink()
    assert "written" in {one.state for one in run(two, form)}
    assert {name for name, file in two.files().items() if before[name] != file} == {lost}


@pytest.mark.parametrize("form", LAYOUTS)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_file_that_somebody_changed_is_replaced_only_by_force(two: ExportLake, form: str, is_known: bool) -> None:
    """Whether it was exported and then changed, or was never exported."""
    run(two, form, "BTCUSDT")
    mine = two.out / min(two.files())
    whole = mine.read_bytes()
    mine.write_bytes(b"mine")
    if not is_known:
        for record in (two.out / FOLDER).glob("*.json"):
            record.unlink()
    with pytest.raises(UsageError, match=rf"{mine} is there already with other content; .* --force"):
        run(two, form, "BTCUSDT")
    assert mine.read_bytes() == b"mine"
    assert not list(two.out.rglob(".*.????????")), "nothing is left beside it"
    run(two, form, "BTCUSDT", force=True)
    assert mine.read_bytes() == whole


@pytest.mark.parametrize("form", LAYOUTS)
@pytest.mark.parametrize("asked", [{"end": START + timedelta(hours=2)}, {"start": START + timedelta(hours=1)}])
def test_another_range_takes_the_place_of_an_export_only_by_force(
    two: ExportLake, form: str, asked: dict[str, object]
) -> None:
    run(two, form, "BTCUSDT")
    before = two.files()
    with pytest.raises(UsageError, match=r"is there already.*--force"):
        run(two, form, "BTCUSDT", **asked)
    assert two.files() == before
    [told] = run(two, form, "BTCUSDT", force=True, **asked)
    assert told.rows == 2 * told.files
    assert len(two.files()) == len(before), "what is no file of the export any more is gone"


def test_a_file_of_an_earlier_release_with_the_same_content_is_kept(two: ExportLake) -> None:
    run(two)
    for record in (two.out / FOLDER).glob("*.json"):
        record.unlink()
    before = two.files()
    assert {one.state for one in run(two)} == {"unchanged"}
    assert two.files() == before
    two.publish(HOURS, "ETHUSDT", closes=[9.0])
    assert [one.state for one in run(two)] == ["unchanged", "written"], "from now on it is known"


def test_an_open_range_grows_and_months_that_stand_are_left_alone(lake: ExportLake) -> None:
    for day in (0, 1, 31):
        lake.publish(MINUTES, start=START + day * DAY)
    asked = {"dataset": MINUTES, "form": "lean", "symbols": "BTCUSDT"}
    with pytest.warns(UserWarning, match="never published is BTCUSDT 2023-01-03"):
        run(lake, **asked)  # type: ignore[arg-type]
    before = lake.files()
    assert len(before) == 3
    lake.publish(MINUTES, start=START + 32 * DAY)
    with pytest.warns(UserWarning, match="never published"):
        [told] = run(lake, **asked)  # type: ignore[arg-type]
    assert told.state == "written"
    assert {name.rpartition("/")[2] for name in lake.files() if name not in before} == {"20230202_trade.zip"}
    assert all(lake.files()[name] == file for name, file in before.items())


def test_an_interrupted_export_goes_on(two: ExportLake) -> None:
    stopped = export(HOURS, ["BTCUSDT", "ETHUSDT"], None, None, out=two.out, form="csv", **two.where)  # type: ignore[arg-type]
    next(stopped)
    stopped.close()
    done = two.files()
    assert len(done) == 1
    assert [one.state for one in run(two)] == ["unchanged", "written"]
    assert two.files().items() >= done.items()


def test_of_two_exports_at_once_the_later_does_not_replace_what_the_earlier_has_put(two: ExportLake) -> None:
    """The one comes to its end while the other, which has written the same file, is writing its next."""

    def other(path: Path) -> None:
        path.write_text("of other rows")

    def overtaken(path: Path) -> None:
        assert [told.state for told in run(two, symbols="BTCUSDT")] == ["written"]
        other(path)

    place = Place(two.out, two.out / FOLDER / "csv-other.json", force=False, is_catalog=False)
    mine = [File(f"{HOURS}-BTCUSDT.csv", 1, other), File("next.csv", 1, overtaken)]
    with pytest.raises(UsageError, match="is there already with other content"):
        put(place, mine, asked="other", inputs="other", left_out=0)
    assert [told.state for told in run(two, symbols="BTCUSDT")] == ["unchanged"]


def test_exports_look_and_rename_one_after_the_other(two: ExportLake) -> None:
    with ThreadPoolExecutor(1) as pool, alone(two.out / FOLDER):
        waits = pool.submit(run, two, symbols="BTCUSDT")
        with pytest.raises(TimeoutError):
            waits.result(timeout=1)
        assert not list(two.out.glob("*.csv"))
    assert [told.state for told in waits.result()] == ["written"]


def test_a_record_whose_file_did_not_come_is_no_file_of_others(two: ExportLake) -> None:
    """Killed after the record was put: the file before is still there, and is the export's own."""
    run(two, symbols="BTCUSDT")
    [place] = (two.out / FOLDER).glob("*.json")
    old = read_record(place)
    assert old
    [(name, one)] = old.files.items()
    Record(old.asked, "of a run that was killed", {name: Written(9, 9, "of what did not come", one.digest)}).write(
        place
    )
    two.publish(HOURS, closes=[7.0])
    assert [told.state for told in run(two, symbols="BTCUSDT")] == ["written"]
    assert pl.read_csv(two.out / name)["close"].to_list() == [7.0]


def test_bars_of_another_export_are_not_read_together_with_these(two: ExportLake) -> None:
    run(two, "nautilus", "BTCUSDT")
    [mine] = two.out.rglob("*.parquet")
    other = mine.with_name("2020-01-01T00-00-00-000000000Z_2020-02-01T00-00-00-000000000Z.parquet")
    other.write_bytes(mine.read_bytes())
    two.publish(HOURS, closes=[1.0, 2.0])
    for force in (False, True):
        with pytest.raises(UsageError, match=f"{other} is of another export.*choose another folder, or remove it"):
            run(two, "nautilus", "BTCUSDT", force=force)
    assert mine.exists()
    other.unlink()
    run(two, "nautilus", "BTCUSDT")
    [now] = two.out.rglob("*.parquet")
    assert now.name.endswith("_2023-01-01T02-00-00-000000000Z.parquet")


@pytest.mark.parametrize("body", ["", "[]", '{"asked": "", "inputs": "", "files": {"../kept": {"rows": 1}}}'])
def test_a_record_that_is_damaged_is_none(two: ExportLake, body: str) -> None:
    run(two, symbols="BTCUSDT")
    [place] = (two.out / FOLDER).glob("*.json")
    place.write_text(body)
    assert [one.state for one in run(two, symbols="BTCUSDT")] == ["unchanged"]


@pytest.mark.parametrize("path", ["../kept", "/kept", "a/../../kept", ""])
def test_a_record_names_no_file_outside_of_its_folder(tmp_path: Path, path: str) -> None:
    place = tmp_path / "record.json"
    Record("", "", {path: Written(1, 1, "")}).write(place)
    assert read_record(place) is None


def test_a_file_where_the_folder_should_be_is_one_line(two: ExportLake) -> None:
    two.out.write_text("mine")
    with pytest.raises(Exception, match=f"^cannot write {two.out}.*") as raised:
        run(two)
    assert type(raised.value).__name__ == "StoreError"
    assert two.out.read_text() == "mine"


def test_a_folder_where_a_file_should_be_is_said(two: ExportLake) -> None:
    (two.out / f"{HOURS}-BTCUSDT.csv").mkdir(parents=True)
    with pytest.raises(UsageError, match="is a folder, and a file is to be written there"):
        run(two, force=True)


def test_bars_that_are_held_back_are_told_of_every_time(two: ExportLake) -> None:
    """Bars and ledger are of two publications: a run is just publishing, or was killed."""
    bars, store = two.publish(HOURS), Store(two.root)
    store.publish(Partition("merged", HOURS, "BTCUSDT", "2023-01"), bars, fingerprint="new", rules="1", record={})
    store.close()
    for state in ("written", "unchanged"):
        with pytest.warns(MissingDataWarning, match="BTCUSDT 2023-01 is left out"):
            [told] = run(two, symbols="BTCUSDT")
        assert (told.state, told.rows) == (state, 0)
    two.publish(HOURS)
    [told] = run(two, symbols="BTCUSDT")
    assert (told.state, told.rows) == ("written", 3)


def test_progress_names_each_part(lake: ExportLake) -> None:
    for day in (30, 31):
        lake.publish(MINUTES, start=START + day * DAY)
    told: list[tuple[int, int, str]] = []
    run(lake, "lean", "BTCUSDT", dataset=MINUTES, progress=lambda *one: told.append(one))
    assert told == [(0, 2, "BTCUSDT, 2023-01"), (1, 2, "BTCUSDT, 2023-02"), (2, 2, "")]


DIES = """
import os, sys
from pathlib import Path
left, replace = int(sys.argv[1]), Path.replace

def dying(self, target):
    global left
    if not left:
        os._exit(9)
    left -= 1
    return replace(self, target)

Path.replace = dying
from bcdata.cli import main
sys.argv = ["bcdata", *sys.argv[2:]]
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["vectorbt", "nautilus"])
def test_killed_before_any_of_its_files_takes_its_place(two: ExportLake, form: str) -> None:
    """Over an earlier export of other rows: the next run needs no force, and ends as if there had been no kill."""
    where = {**os.environ, "BCDATA_ROOT": str(two.root), "BCDATA_CATALOG": str(two.catalog.path)}
    words = ["export", "--dataset", HOURS, "--symbols", "BTCUSDT", "--format", form, "--out"]
    whole, steps = two.out.with_name("whole"), 0

    def contents(out: Path) -> dict[str, bytes]:
        return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}

    while True:
        two.publish(HOURS)
        shutil.rmtree(two.out, ignore_errors=True)
        run(two, form, "BTCUSDT")
        two.publish(HOURS, closes=[4.0, 5.0])
        code = [sys.executable, "-c", DIES, str(steps), *words, str(two.out)]
        status = subprocess.run(code, env=where, check=False, capture_output=True).returncode
        run(two, form, "BTCUSDT")
        shutil.rmtree(whole, ignore_errors=True)
        run(two, form, "BTCUSDT", out=whole)
        files = {name: body for name, body in contents(two.out).items() if FOLDER not in name}
        assert files == {name: body for name, body in contents(whole).items() if FOLDER not in name}, steps
        if status == 0:
            break
        assert status == 9
        steps += 1
    assert steps == 1 + len(files), "before the record, and before each file"
