"""The folder: replaced as a whole, never where other things lie, never half."""

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
