"""What a layout cannot hold is one line that says why, and no file."""

import pytest

from bcdata.errors import UsageError
from bcdata.exports.files import export
from bcdata_tests.exports.lake import HOURS, ExportLake

REFUSED = [
    ("um_index_klines_1h", "BTCUSDT", {"form": "nautilus"}, "nautilus has bars of trades and marks"),
    ("spot_klines_15m", "BTCUSDT", {"form": "lean"}, "lean has bars of 1s, 1m, 1h, 1d.*these are of 15m"),
    ("um_mark_klines_1h", "BTCUSDT", {"form": "lean"}, "lean has bars of trades"),
    (HOURS, "BTCUSDT", {"form": "freqtrade", "features": True}, "freqtrade has no columns for features"),
    (HOURS, "BTCUSDT", {"form": "freqtrade", "fill": "null"}, "freqtrade takes no bars without values"),
    (HOURS, "BTCUSDT", {"form": "vectorbt", "zone": "features"}, "vectorbt takes bars, and the zone features has none"),
    ("um_funding", "BTCUSDT", {"form": "nautilus"}, "nautilus takes bars, and funding has none"),
    (HOURS, "BTCUSDT", {"form": "excel"}, "`form` takes one of csv, parquet, freqtrade"),
    (HOURS, [], {}, "no symbol is named; bcdata symbols spot_klines_1h lists"),
    (HOURS, "../x", {}, r"nothing of \.\./x in merged/spot_klines_1h"),
    (HOURS, "<script>", {}, "nothing of <SCRIPT> in merged/spot_klines_1h"),
    (HOURS, "ABCDEF", {"form": "freqtrade"}, "base and quote of ABCDEF cannot be told apart"),
    ("um_klines_1h", "BTCUSDT_240329", {"form": "freqtrade"}, "BTCUSDT_240329 is no perpetual contract"),
]


@pytest.mark.parametrize(("dataset", "symbols", "asked", "words"), REFUSED)
def test_what_a_layout_cannot_hold_is_said(
    lake: ExportLake, dataset: str, symbols: str | list[str], asked: dict[str, object], words: str
) -> None:
    if symbols and "klines" in dataset and not set(symbols) & set("./<"):
        lake.publish(dataset, str(symbols))
    with pytest.raises(UsageError, match=words):
        list(export(dataset, symbols, None, None, out=lake.out, **asked, **lake.where))  # type: ignore[arg-type]
    assert not lake.out.exists() or not lake.files()


@pytest.mark.parametrize("inside", [".", "merged", "a/b"])
def test_files_for_others_lie_outside_of_the_lake(lake: ExportLake, inside: str) -> None:
    lake.publish(HOURS, "BTCUSDT")
    with pytest.raises(UsageError, match="is in the lake"):
        list(export(HOURS, "BTCUSDT", None, None, out=lake.root / inside, root=lake.root, catalog=lake.catalog))


@pytest.mark.parametrize(
    ("form", "top", "is_link"), [("freqtrade", "data", False), ("nautilus", "data", False), ("lean", "crypto", True)]
)
def test_folders_of_a_layout_are_no_folders_of_the_lake(lake: ExportLake, form: str, top: str, is_link: bool) -> None:
    """A lake is called `data` unless it is told otherwise, and so is what engines look into."""
    place = lake.root.with_name("data")
    lake.root.rename(place)
    lake.root = place
    lake.publish(HOURS, "BTCUSDT")
    if is_link:
        lake.out.mkdir()
        (lake.out / top).symlink_to(place)
    before = sorted(place.rglob("*"))
    with pytest.raises(UsageError, match="is in the lake"):
        list(export(HOURS, "BTCUSDT", None, None, out=lake.out if is_link else place.parent, form=form, **lake.where))  # type: ignore[arg-type]
    assert sorted(place.rglob("*")) == before
