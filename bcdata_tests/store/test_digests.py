"""One changed, lost or added byte of a published file is noticed, and whose column it belongs to."""

import io
import json
from collections.abc import Iterable
from tempfile import NamedTemporaryFile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import StoreError
from bcdata.store.digests import FileDigest, digest_file
from bcdata.store.pieces import damage_in


def parquet(rows: int = 3000, row_group_size: int | None = None) -> bytes:
    frame = pl.DataFrame(
        {
            "open_time": pl.int_range(rows, eager=True).cast(pl.Datetime("us", "UTC")),
            "close": pl.int_range(rows, eager=True).cast(pl.Float64) / 7,
            "source": pl.Series(["binance_archive"] * rows),
            "empty": pl.Series([None] * rows, dtype=pl.Float64),
        }
    )
    body = io.BytesIO()
    frame.write_parquet(body, compression="zstd", metadata={"bcdata.x": "y" * 100}, row_group_size=row_group_size)
    return body.getvalue()


BODY = parquet()
DIGEST = digest_file(BODY)


def test_columns_and_footer_are_the_whole_file_but_its_magic() -> None:
    covered = sum(span.length for spans in DIGEST.columns.values() for span in spans) + DIGEST.footer.length
    assert list(DIGEST.columns) == ["open_time", "close", "source", "empty"]
    assert len(BODY) - covered == 4


def damage(body: bytes, digest: FileDigest, columns: Iterable[str]) -> str | None:
    """What is wrong with columns of a file with these bytes."""
    with NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        return damage_in(file.name, [digest], columns)


@pytest.mark.parametrize("body", [BODY, parquet(0), parquet(1), parquet(3000, row_group_size=1000)])
def test_json_and_back(body: bytes) -> None:
    digest = digest_file(body)
    assert FileDigest.from_json(json.loads(json.dumps(digest.to_json()))) == digest
    assert digest.damage(body) is None
    assert damage(body, digest, digest.columns) is None


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed_by_who_reads_it(at: int, bit: int) -> None:
    body = bytearray(BODY)
    body[at] ^= 1 << bit
    damaged = bytes(body)
    assert DIGEST.damage(damaged) == "its bytes are not those that were published"
    holders = [name for name, spans in DIGEST.columns.items() for span in spans if span.start <= at < span.end]
    in_footer = DIGEST.footer.start <= at or at < 4
    for name in DIGEST.columns:
        found = damage(damaged, DIGEST, [name])
        assert (found is not None) == (in_footer or name in holders)


@given(length=st.integers(0, len(BODY) - 1))
def test_a_cut_is_noticed(length: int) -> None:
    assert "bytes where" in (DIGEST.damage(BODY[:length]) or "")
    assert "bytes where" in (damage(BODY[:length], DIGEST, []) or "")


def test_what_is_added_is_noticed() -> None:
    assert DIGEST.damage(BODY + b"\0")
    assert damage(BODY + b"\0", DIGEST, [])


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1PAR1", b"not parquet at all" * 10, BODY[:-5]])
def test_what_is_no_parquet_is_refused(body: bytes) -> None:
    with pytest.raises(StoreError, match="not a Parquet file"):
        digest_file(body)
