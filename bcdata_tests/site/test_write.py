"""The folder: replaced as a whole, never where other things lie, never half."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.errors import StoreError, UsageError
from bcdata.site.pages import Page
from bcdata.site.write import MARK, require_free, write


def test_an_earlier_report_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "report"
    assert write(out, [Page("index.html", "one"), Page("symbols/A.html", "ä")]) == (2, 5)
    require_free(out, tmp_path / "lake")
    write(out, [Page("index.html", "two")])
    assert (out / "index.html").read_text() == "two"
    assert not (out / "symbols").exists()
    assert [one.name for one in tmp_path.iterdir()] == ["report"], "and nothing beside it"


def test_what_was_there_stays_where_a_page_cannot_be_made(tmp_path: Path) -> None:
    out = tmp_path / "report"
    write(out, [Page("index.html", "one")])

    def pages() -> Iterator[Page]:
        yield Page("index.html", "two")
        raise StoreError("a file is damaged")

    with pytest.raises(StoreError, match="damaged"):
        write(out, pages())
    assert (out / "index.html").read_text() == "one"
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("where", ["lake", "lake/report", "."])
def test_a_report_lies_beside_the_lake(tmp_path: Path, where: str) -> None:
    (tmp_path / "lake").mkdir()
    with pytest.raises(UsageError, match="lake"):
        require_free(tmp_path / where, tmp_path / "lake")


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    require_free(tmp_path / "mine", tmp_path / "lake")
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="other things"):
        require_free(tmp_path / "mine", tmp_path / "lake")
    with pytest.raises(UsageError, match="no folder"):
        require_free(tmp_path / "mine/letter.txt", tmp_path / "lake")
    (tmp_path / "mine" / MARK).touch()
    require_free(tmp_path / "mine", tmp_path / "lake")


def test_a_place_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write the report"):
        write(tmp_path / "file" / "report", [Page("index.html", "")])


def test_a_link_to_a_report_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk/real").mkdir(parents=True)
    (tmp_path / "report").symlink_to("disk/real")
    for text in ("one", "two"):
        require_free(tmp_path / "report", tmp_path / "lake")
        write(tmp_path / "report", [Page("index.html", text)])
        assert (tmp_path / "report").is_symlink()
        assert (tmp_path / "disk/real/index.html").read_text() == text
    assert [one.name for one in tmp_path.rglob("*") if one.name.startswith(".")] == [MARK], "and nothing is left"


@pytest.mark.parametrize(("out", "here"), [(".", "."), ("..", "symbols"), ("../mine", "."), ("{all}/mine", "symbols")])
def test_the_folder_that_the_command_runs_in_is_not_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, here: str
) -> None:
    write(tmp_path / "mine", [Page("index.html", "one"), Page("symbols/A.html", "")])
    monkeypatch.chdir(tmp_path / "mine" / here)
    with pytest.raises(UsageError, match="the command runs in it"):
        require_free(Path(out.format(all=tmp_path)), tmp_path / "lake")


def test_a_path_that_is_no_name_is_written_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    write(tmp_path / "mine/inner/..", [Page("index.html", "one")])
    assert (tmp_path / "mine/index.html").read_text() == "one"


def test_a_link_in_a_circle_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    for places in (("round", "lake"), ("report", "round")):
        with pytest.raises(UsageError, match="/round leads nowhere: a link in it goes round in a circle"):
            require_free(*(tmp_path / one for one in places))


def test_what_a_killed_report_left_is_removed_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    for name in (".report.0123abcd", ".report.fedc9876", ".report.0123abcde", ".other.0123abcd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / MARK).touch()
    (tmp_path / ".report.00000000").mkdir()
    (tmp_path / ".report.00000000/letter.txt").write_text("dear")
    with (tmp_path / ".report.fedc9876" / MARK).open("w") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        write(tmp_path / "report", [Page("index.html", "one")])
    stay = [".other.0123abcd", ".report.00000000", ".report.0123abcde", ".report.fedc9876", "report"]
    assert sorted(one.name for one in tmp_path.iterdir()) == stay


def test_an_earlier_report_comes_back_where_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, rename = tmp_path / "report", Path.replace
    write(out, [Page("index.html", "one")])

    def refused(path: Path, target: Path) -> Path:
        if target == out and (path / "index.html").read_text() == "two":
            raise OSError(16, "Device or resource busy")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(StoreError, match="Device or resource busy"):
        write(out, [Page("index.html", "two")])
    assert (out / "index.html").read_text() == "one"
    assert [one.name for one in tmp_path.iterdir()] == ["report"]
