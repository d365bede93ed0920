"""Ranges of date keys as people write them."""

import pytest

from bcdata.errors import UsageError
from bcdata.windows import Grain


@pytest.mark.parametrize(
    ("grain", "first", "last", "keys"),
    [
        (Grain.MONTH, "2024", "2024", ("2024-01", "2024-12")),
        (Grain.MONTH, "2024-02", "2024-02", ("2024-02", "2024-02")),
        (Grain.MONTH, "2024-02-10", "2024-02-12", ("2024-02", "2024-02")),
        (Grain.DAY, "2024", "2024-02", ("2024-01-01", "2024-02-29")),
        (Grain.DAY, "2024-02-10", "2024-02-10", ("2024-02-10", "2024-02-10")),
        (Grain.DAY, None, "2023-02", (None, "2023-02-28")),
        (Grain.MONTH, "2023", None, ("2023-01", None)),
        (Grain.MONTH, None, None, (None, None)),
    ],
)
def test_the_ends_of_a_range(grain: Grain, first: str | None, last: str | None, keys: tuple[str | None, ...]) -> None:
    assert grain.ends(first, last) == keys


@pytest.mark.parametrize("grain", Grain)
@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2024-03", "2024-01", "the range 2024-03 .. 2024-01 is reversed"),
        ("2024-13", None, "'2024-13' is not a date"),
        (None, "2024-02-30", "'2024-02-30' is not a date"),
        ("march", None, "'march' is not a date key of this dataset; write it as YYYY-MM"),
        ("2024-1", None, "'2024-1' is not a date key"),
    ],
)
def test_what_is_no_range(grain: Grain, first: str | None, last: str | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        grain.ends(first, last)
