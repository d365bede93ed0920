"""What footers of the release before hold has the shape that its readers rely on."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from bcdata.pipeline.records.in_footers import (
    KEPT,
    AnswersRecord,
    FeaturesRecord,
    FilesRecord,
    MergedRecord,
    Provenance,
    WindowsRecord,
    made_of,
)
from bcdata.store.footer import Published

FOOTERS: dict[str, dict[str, Any]] = json.loads((Path(__file__).with_name("before") / "footers.json").read_text())
SHAPES: dict[str, TypeAdapter[Any]] = {
    "parsed/binance_archive": TypeAdapter(FilesRecord),
    "parsed/binance_rest": TypeAdapter(AnswersRecord),
    "parsed/coinbase_rest": TypeAdapter(WindowsRecord),
    "merged/": TypeAdapter(MergedRecord),
    "features/": TypeAdapter(FeaturesRecord),
}


def test_of_every_kind_there_is_one() -> None:
    assert {name for name in SHAPES if any(key.startswith(name) for key in FOOTERS)} == set(SHAPES)


@pytest.mark.parametrize("key", FOOTERS)
def test_one_of_the_release_before(key: str) -> None:
    record = FOOTERS[key]["record"]
    for name, shape in SHAPES.items():
        if key.startswith(name):
            shape.validate_json(json.dumps(record), strict=True, extra="forbid")
    told = made_of(Published(FOOTERS[key]["fingerprint"], record))
    assert told == {
        "fingerprint": FOOTERS[key]["fingerprint"],
        **{name: record[name] for name in KEPT if name in record},
    }
    TypeAdapter(Provenance).validate_json(json.dumps(told), strict=True, extra="forbid")
