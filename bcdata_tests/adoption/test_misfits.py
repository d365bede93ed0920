"""What does not fit is named with its reason, and nothing else suffers from it."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.adoption.folder import require_folder
from bcdata.catalog import load_catalog
from bcdata.errors import UsageError
from bcdata_tests.adoption.folders import IN_PLACE, NAME, keys, looked, put, reasons
from bcdata_tests.mirror import zipped

CATALOG = """
datasets:
  spot_klines_1m: {grain: month, start: 2024-01, symbols: [BTCUSDT], sources: [binance_archive], features: false}
  um_klines_1m: {grain: month, start: 2024-01, symbols: [BTCUSDT], sources: [binance_archive], archive: [monthly],
    features: false}
"""
SOUND = f"{IN_PLACE}/{NAME}.zip"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one sound file."""
    put(tmp_path / "mine" / SOUND)
    return tmp_path / "mine"


@pytest.fixture
def look(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    monkeypatch.setenv("BCDATA_STATE", str(tmp_path / "state"))
    catalog = load_catalog(tmp_path / "catalog.yaml")

    def at(dataset: str | None = None) -> tuple[dict[str, str], list[str]]:
        before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
        result = looked(folder, catalog, lake=tmp_path / "lake", dataset=dataset)
        assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before
        return reasons(result, folder), keys(result)

    return at


Look = Callable[..., tuple[dict[str, str], list[str]]]
Make = Callable[[Path], Path]


def at(key: str, **settings: object) -> Make:
    return lambda folder: put(folder / key, **settings)  # type: ignore[arg-type]


def cut(folder: Path) -> Path:
    path = put(folder / f"{IN_PLACE}/BTCUSDT-1m-2025-01-02.zip")
    path.write_bytes(path.read_bytes()[:-9])
    return path


def flipped(folder: Path) -> Path:
    path = put(folder / f"{IN_PLACE}/BTCUSDT-1m-2025-01-02.zip")
    body = bytearray(path.read_bytes())
    body[80] ^= 4
    path.write_bytes(body)
    return path


def link_out(folder: Path) -> Path:
    target = put(folder.parent / "elsewhere" / f"{IN_PLACE}/BTCUSDT-1m-2025-01-02.zip")
    path = folder / IN_PLACE / target.name
    path.symlink_to(target)
    return path


def folder_out(folder: Path) -> Path:
    put(folder.parent / "elsewhere" / "BTCUSDT-1m-2025-01-02.zip")
    (folder / "more").symlink_to(folder.parent / "elsewhere")
    return folder / "more"


def link_to_nothing(folder: Path) -> Path:
    path = folder / "BTCUSDT-1m-2025-01-02.zip"
    path.symlink_to("nowhere")
    return path


def link_to_itself(folder: Path) -> Path:
    path = folder / "BTCUSDT-1m-2025-01-02.zip"
    path.symlink_to(path)
    return path


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "BTCUSDT-1m-2025-01-02.zip")
    return folder / "BTCUSDT-1m-2025-01-02.zip"


def too_large(folder: Path) -> Path:
    path = put(folder / f"{IN_PLACE}/BTCUSDT-1m-2025-01-02.zip")
    os.truncate(path, 3 << 30)
    return path


UM = "data/futures/um"
LATER = f"{IN_PLACE}/BTCUSDT-1m-2025-01-02.zip"
CASES: dict[str, tuple[Make, str]] = {
    "cut": (cut, "unreadable"),
    "flipped": (flipped, "unreadable"),
    "empty": (at(LATER, body=b""), "unreadable"),
    "a page of errors": (at(LATER, body=b"<html>404</html>"), "unreadable"),
    "another symbol inside": (at(LATER, member="ETHUSDT-1m-2025-01-02.csv"), "content_matches_name"),
    "another day inside": (at(LATER, member="BTCUSDT-1m-2025-01-03.csv"), "content_matches_name"),
    "a path inside": (at(LATER, member="../BTCUSDT-1m-2025-01-02.csv"), "content_matches_name"),
    "a bomb": (at(LATER, body=zipped("BTCUSDT-1m-2025-01-02.csv", bytes(50_000_000))), "bomb"),
    "too large": (too_large, "too_large"),
    "the checksum of other bytes": (
        at(LATER, checksum=f"{'a' * 64}  {LATER.rpartition('/')[2]}\n"),
        "checksum_mismatch",
    ),
    "no checksum": (at(LATER, checksum=None), "not_verified"),
    "the checksum of another file": (at(LATER, checksum=f"{'a' * 64}  X.zip\n"), "not_verified"),
    "garbage as checksum": (at(LATER, checksum="\0\xff\n"), "not_verified"),
    "no name": (at("my data.zip"), "name_not_understood"),
    "not in its place": (at("zips/BTCUSDT-1m-2025-01-02.zip"), "ambiguous"),
    "a dataset that is not there": (at("spot/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2025-01-02.zip"), "not_in_catalog"),
    "a market that is not there": (at("futures/cm/daily/klines/BTCUSD_PERP-1m-2025-01-02.zip"), "not_in_catalog"),
    "days where months are read": (at(f"{UM}/daily/klines/BTCUSDT-1m-2025-01-02.zip"), "period_left_out"),
    "before the start": (at("spot/monthly/klines/BTCUSDT-1m-2023-12.zip"), "before_start"),
    "in the future": (at("spot/monthly/klines/BTCUSDT-1m-2025-04.zip"), "in_the_future"),
    "a link out": (link_out, "link_outside"),
    "a folder out": (folder_out, "link_outside"),
    "a link to nothing": (link_to_nothing, "cannot_be_read"),
    "a link to itself": (link_to_itself, "cannot_be_read"),
    "a pipe": (pipe, "cannot_be_read"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_does_not_fit_is_named_and_the_others_are_adopted(case: str, folder: Path, look: Look) -> None:
    make, reason = CASES[case]
    path = make(folder)
    assert look() == ({str(path.relative_to(folder)): reason}, [SOUND])


def test_several_files_of_one_object_in_the_same_bytes_are_one(folder: Path, look: Look) -> None:
    shutil.copytree(folder / "data", folder / "old copy" / "data")
    assert look() == ({}, [SOUND])


def test_of_files_of_one_object_that_differ_none_is_taken(folder: Path, look: Look) -> None:
    """Both have a checksum that fits: an object that was published again. Which of them is in force nobody can tell."""
    other = put(folder / "old" / SOUND, zipped(f"{NAME}.csv", b"1,2\n"))
    missed, taken = look()
    assert missed == {SOUND: "two_versions", str(other.relative_to(folder)): "two_versions"}
    assert taken == []


def test_of_files_of_one_object_the_sound_one_is_taken(folder: Path, look: Look) -> None:
    put(folder / "old" / SOUND, b"PK")
    assert look() == ({f"old/{SOUND}": "unreadable"}, [SOUND])


def test_a_name_without_zeros_stands_back_where_another_has_them(folder: Path, look: Look) -> None:
    bare = put(folder / f"{IN_PLACE}/BTCUSDT-1m-2025-1-1.zip")
    assert look() == ({str(bare.relative_to(folder)): "two_versions"}, [SOUND])
    put(folder / "old" / SOUND, zipped(f"{NAME}.csv", b"1,2\n"))
    assert look()[1] == []


def test_names_without_zeros_may_hold_files_with_them(folder: Path, look: Look) -> None:
    bare = put(folder / f"{IN_PLACE}/BTCUSDT-1m-2025-1-2.zip", member="BTCUSDT-1m-2025-01-02.csv")
    assert look() == ({}, [SOUND, str(bare.relative_to(folder))])


def test_names_in_other_case_are_the_object(folder: Path, look: Look) -> None:
    body = zipped("BTCUSDT-1m-2025-01-02.csv", b"1\n")
    path = put(folder / "SPOT/Daily/KLINES/btcusdt-1m-2025-01-02.ZIP", body)
    checksum = path.with_name(f"{path.name}.CHECKSUM")
    checksum.write_text(checksum.read_text().replace(path.name, "BTCUSDT-1m-2025-01-02.zip"))
    checksum.rename(path.with_name("btcusdt-1m-2025-01-02.ZIP.checksum"))
    assert look() == ({}, [SOUND, LATER])


def test_the_dataset_that_is_stated_is_that_of_files_whose_path_does_not_tell(folder: Path, look: Look) -> None:
    put(folder / "zips/BTCUSDT-1m-2025-01.zip")
    put(folder / "zips/BTCUSDT-5m-2025-01.zip")
    um = f"{UM}/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2025-01.zip"
    assert look("um_klines_1m") == ({"zips/BTCUSDT-5m-2025-01.zip": "ambiguous"}, [um, SOUND])


def test_a_name_that_is_no_text_is_named_with_escapes(folder: Path, look: Look) -> None:
    put(folder / os.fsdecode(b"B\xff-1m-2025-01-02.zip"), b"", checksum=None)
    put(folder / "line\nbreak-1m-2025-01-02.zip")
    missed, taken = look()
    assert missed == {
        "B\\xff-1m-2025-01-02.zip": "name_not_understood",
        "line\nbreak-1m-2025-01-02.zip": "name_not_understood",
    }
    assert taken == [SOUND]


def test_links_to_files_of_the_folder_are_passed_over(folder: Path, look: Look) -> None:
    (folder / "again").symlink_to(folder / "data")
    (folder / "BTCUSDT-1m-2025-01-01.zip").symlink_to(folder / SOUND)
    (folder / "round").symlink_to(folder)
    assert look() == ({}, [SOUND])


def test_what_macos_puts_beside_files_is_no_zip(folder: Path, tmp_path: Path) -> None:
    put(folder / IN_PLACE / f"._{NAME}.zip", b"\0\5\x16\7", checksum=None)
    put(folder / IN_PLACE / "._BTCUSDT-1m-2025-01-09.ZIP", checksum=None)
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    result = looked(folder, load_catalog(tmp_path / "catalog.yaml"), lake=tmp_path / "lake")
    assert (result.misfits, keys(result), result.others) == ([], [SOUND], 2)


def test_a_lake_below_the_folder_is_not_looked_into(folder: Path, tmp_path: Path) -> None:
    put(folder / "lake" / "raw" / "x.zip", b"")
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    result = looked(folder, load_catalog(tmp_path / "catalog.yaml"), lake=folder / "lake")
    assert (result.misfits, keys(result)) == ([], [SOUND])


@pytest.mark.parametrize("place", ["", "raw", "raw/binance_archive"])
def test_a_folder_of_the_lake_is_refused(tmp_path: Path, place: str) -> None:
    inside = tmp_path / "lake" / place
    inside.mkdir(parents=True)
    (tmp_path / "alias").symlink_to(inside)
    for name in (inside, tmp_path / "alias"):
        with pytest.raises(UsageError, match="inside the lake"):
            require_folder(name, tmp_path / "lake")


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file.zip").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("file.zip", "nowhere", "loop", "file.zip/x"):
        with pytest.raises(UsageError, match="folder"):
            require_folder(tmp_path / name, tmp_path / "lake")
