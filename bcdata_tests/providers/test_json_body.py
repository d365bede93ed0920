"""Bodies that are meant badly end in a ValueError, and values that are no numbers in None."""

import pytest

from bcdata.providers.json_body import decoded, number, text_of, whole


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" + b"9" * 5000 + b"]", "too long"),
        (b'{"a":1,"a":2}', "key twice"),
        (b" " * (50 << 20), "not JSON"),
        (b"\x1f\x8b\x08no gzip", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"", "not JSON"),
    ],
    ids=["lists", "objects", "digits", "twice", "blanks", "gzip", "comma", "empty"],
)
def test_what_is_no_body(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        decoded(body)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1.0),
        ("0.5", 0.5),
        ('"0.5"', 0.5),
        ('"1e-7"', 1e-7),
        ("1E-7", 1e-7),
        ("1e308", 1e308),
        ('"-3"', -3.0),
        *((text, None) for text in ("null", '"None"', '"NaN"', "NaN", "Infinity", "-Infinity", '"inf"', "1e999")),
        *((text, None) for text in ('"1,234.5"', '"1_000"', '" 1"', '""', '"0x1"', '"\u0661"', "true", "[1]", "{}")),
        ("1" * 400, None),
    ],
)
def test_numbers(text: str, expected: float | None) -> None:
    assert number(decoded(text.encode())) == expected


def test_integers() -> None:
    values = decoded(b'[5, 0, 9, 10, -1, true, "5", 5.0, null, 1e1]')
    assert [whole(value, 9) for value in values] == [5, 0, 9, *[None] * 7]


def test_half_a_surrogate_pair_fits_a_column() -> None:
    assert text_of(decoded(rb'["\ud800"]')) == r'["\ud800"]'
    assert len(text_of(["x" * 10_000])) < 600
