"""Everything that cannot be meant is refused in one line that names file and line."""

from pathlib import Path

import pytest

from bcdata.catalog import load_catalog
from bcdata.errors import CatalogError
from bcdata_tests.catalog.conftest import Load, Write

HEAD = """\
datasets:
  um_klines_1m:
    grain: month
    start: 2023-01
    sources: [binance_archive]
"""
BODY = HEAD + "    symbols: [BTCUSDT]\n"


def mistakes(load: Load, text: str) -> list[tuple[int, str]]:
    with pytest.raises(CatalogError) as caught:
        load(text)
    found = []
    for line in str(caught.value).split("\n"):
        head, number, words = line.split(":", 2)
        assert head.endswith("catalog.yaml")
        found.append((int(number), words.strip()))
    return found


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (BODY + "    strat: 2023-01\n", 7, "unknown key; did you mean 'start'?"),
        (BODY + "    qqq: 1\n", 7, "known: grain, start"),
        (BODY + "    name: um_klines_1m\n", 7, "unknown key"),
        (BODY + "defaults: {}\n", 7, "defaults: unknown key"),
        (
            BODY + "    automation: [refill, refil]\n",
            7,
            "unknown automation 'refil'; there are discover_symbols, universe,",
        ),
        (BODY + "    automation:\n      - refill\n      - moon\n", 9, "history, monthly, find_halts, verify"),
        (BODY + "    automation: [daily, daily]\n", 7, "'daily' is there twice"),
        (BODY + "    automation: refill\n", 7, "'refill' must be a list"),
        (
            BODY + "    automation:\n      - monthly\n",
            8,
            "monthly does nothing for um_klines_1m: it needs `monthly_repl",
        ),
        (BODY + "    calendar: nyse\n", 7, "the um market's calendar is 24/7; it is declared under `markets`"),
        (BODY + "    features: perhaps\n", 7, "'perhaps' must be true or false"),
        (BODY + "    features: {selct: []}\n", 7, "features.selct: unknown key; did you mean 'select'?"),
        (BODY + "    features:\n      select:\n        - body\n        - boddy\n", 10, "did you mean 'body'?"),
        (BODY + "    features: {select: [qqqq]}\n", 7, "`bcdata features` lists them"),
        (BODY + "    features:\n      windows:\n        bdy: {n: 2}\n", 9, "there is no feature 'bdy'"),
        (BODY + "    features:\n      windows:\n        ret_vol_z:\n          m: 2\n", 10, "has no parameter m"),
        (BODY + "    features:\n      windows:\n        ret_vol_z: {n: 2.5}\n", 9, "a whole number, and is"),
        (BODY + "    features:\n      windows:\n        log_ret_5: {k: 7}\n", 9, "part of its definition"),
        (
            BODY + "    features:\n      windows:\n        ppo_12_26:\n          slow: 9\n",
            9,
            "fast has to be from 1 to 8, and",
        ),
        (
            BODY + "    features:\n      windows:\n        ppo_12_26:\n          fast: 30\n",
            10,
            "fast has to be from 1 to",
        ),
        (BODY + "    features: {windows: {ret_vol_z: {n: 1000000000}}}\n", 7, "to 100,000, and is 1,000,000,000"),
        (BODY + "    features: {normalise: {gap: {z: 1000000000}}}\n", 7, "must be 100000 or less"),
        (
            BODY.replace("1m", "1w") + "    features: {windows: {rel_volume: {n: 90000}}}\n",
            7,
            "1,726 years; 200 is the",
        ),
        (
            BODY.replace("1m", "1mo") + "    features: {normalise: {gap: {z: 9999}}}\n",
            7,
            "gap_z_9999 looks back 10,000",
        ),
        (BODY.replace("1m", "1d") + "    labels: {horizons: [1, 90000]}\n", 7, "labels look ahead 90,000 bars of 1d"),
        (BODY + "    labels: {horizons: [1000000000]}\n", 7, "must be 100000 or less"),
        (BODY + "    features:\n      select: [body]\n      windows: {ret_vol_z: {n: 9}}\n", 9, "not among"),
        (BODY + "    features:\n      universe:\n        - BTCUSDT\n        - btcusdt\n", 10, "no symbols like"),
        (BODY + "    features:\n      reference: btcusdt\n", 8, "no symbols like 'btcusdt'"),
        (BODY + "    features:\n      reference: BTCUSTD\n", 8, "BTCUSTD is not among the dataset's `symbols`"),
        (BODY + "    features:\n      universe: [BTCUSDT, ETHUSTD]\n", 8, "ETHUSTD is not among"),
        (BODY + "    features:\n      normalise: {gap: {rank: 9, tail: 0.1}}\n", 8, "it belongs to `z`"),
        (BODY + "    features:\n      normalise: {gap: {}}\n", 8, "say which: `z` or `rank`"),
        (BODY + "    features:\n      normalise: {gap: {z: many}}\n", 8, "'many' must be a whole number"),
        (BODY + "    features:\n      normalise: {gap: {zz: 2}}\n", 8, "zz: unknown key; did you mean 'z'?"),
        (BODY + "    features:\n      normalise: {gap: {z: 9, tail: 0.5}}\n", 8, "must be less than 0.5"),
        (BODY + "    features:\n      normalise: {body: {z: 9, tail: 0.1}}\n", 8, "there is nothing to clip"),
        (BODY + "    labels: {horizons: []}\n", 7, "must not be empty"),
        (BODY + "    labels: {horizons: [0]}\n", 7, "must be 1 or more"),
        (BODY.replace("um_klines_1m", "um_funding") + "    labels: {horizons: [1]}\n", 7, "funding has none"),
        (BODY + "    archive: [weekly]\n", 7, "'weekly' is not possible; it is 'daily' or 'monthly'"),
        (BODY + "    archive: []\n", 7, "must not be empty"),
        (BODY + "    archive: [daily]\n    monthly_replaces_daily: true\n", 8, "has files of both"),
        (BODY.replace("um_klines_1m", "um_funding") + "    monthly_replaces_daily: true\n", 7, "has files of both"),
        (BODY.replace("month", "day").replace("01\n", "01-01\n") + "    monthly_replaces_daily: true\n", 7, "is month"),
        (BODY + "    quality: {max_bad_share: 2}\n", 7, "must be 1 or less"),
        (BODY + "    quality: {max_bad_share: -0.1}\n", 7, "must be 0 or more"),
        (BODY + "    quality: {max_bad_share: .nan}\n", 7, "must be a number"),
        (BODY + "    quality: {max_bad_share: nan}\n", 7, "must be a number"),
        (BODY + "    quality: {max_share: 0.1}\n", 7, "quality.max_share: unknown key; did you mean"),
        (BODY + "    quality: strict\n", 7, "'strict' must be a mapping"),
        (BODY + "    publication: {daily: soon}\n", 7, "'soon' is not a length of time"),
        (BODY + "    universe: {}\n", 7, "one of `symbols` and `universe` is allowed, not both"),
        (HEAD, 2, "one of `symbols` and `universe` is needed"),
        (HEAD + "    universe:\n", 6, "must be a mapping"),
        (
            HEAD + "    universe:\n      quotes: [USDT]\n",
            7,
            "universe.quotes: unknown key; did you mean 'quote'?",
        ),
        (HEAD + "    universe:\n      quote: []\n", 7, "must not be empty"),
        (HEAD + "    universe:\n      contracts: [perp]\n", 7, "it is 'perpetual', 'delivery' or 'settled'"),
        (HEAD + "    symbols: []\n", 6, "must not be empty"),
        (HEAD + "    symbols: BTCUSDT\n", 6, "must be a list"),
        (HEAD + "    symbols:\n      - BTCUSDT\n      - BTCUSDT\n", 8, "'BTCUSDT' is there twice"),
        (HEAD + "    symbols:\n      - BTCUSDT\n      - btcusdt\n", 8, "no symbols like 'btcusdt'"),
        (HEAD + "    symbols:\n      - BTC/USDT\n", 7, "no symbols like 'BTC/USDT'"),
        (HEAD + "    symbols:\n      - A\n      - ''\n", 8, "must not be empty"),
        (HEAD + "    symbols:\n      - A|B\n", 7, "'A|B' holds"),
        (HEAD + "    symbols:\n      - [A]\n", 7, "must be text"),
        (HEAD + "    symbols: [A]\n    grain: day\n", 7, "the key 'grain' is already on line 3"),
        (HEAD + "    symbols: !!python/object/apply:os.getcwd []\n", 6, "is not allowed"),
        (BODY.replace("month", "mounth"), 3, "'mounth' is not possible; it is 'month' or 'day'"),
        (BODY.replace("2023-01", "2023-01-01"), 4, "'2023-01-01' is not a date key of this dataset"),
        (BODY.replace("month", "day"), 4, "write it as YYYY-MM-DD"),
        (BODY.replace("2023-01", "2023-13"), 4, "'2023-13' is not a date"),
        (BODY.replace("2023-01", "0001-01"), 4, "outside the years"),
        (BODY.replace("2023-01", "9999-12"), 4, "'9999-12' is too late"),
        (BODY.replace("2023-01", "2023"), 4, "'2023' is not a date key"),
        (BODY.replace("[binance_archive]", "[]"), 5, "must not be empty"),
        (
            BODY.replace("_archive]", "_archve]"),
            5,
            "unknown source 'binance_archve'; did you mean 'binance_archive'?",
        ),
        (BODY.replace("[binance_archive]", "[acme, acme]"), 5, "known: binance_archive, binance_rest"),
        (BODY.replace("    sources: [binance_archive]\n", ""), 2, "sources: is needed"),
        (BODY.replace("um_klines_1m", "qq_klines_1m"), 2, "unknown market 'qq'; known: spot, um, cm, option"),
        (BODY.replace("um_klines_1m", "cmm_klines_1m"), 2, "did you mean 'cm'?"),
        (BODY.replace("um_klines_1m", "um_klines_1M"), 2, "there are no um bars of '1M'; it is one of 1m 3m"),
        (BODY.replace("um_klines_1m", "um_klines_1s"), 2, "there are no um bars of '1s'"),
        (BODY.replace("um_klines_1m", "um_klines"), 2, "lacks its interval"),
        (BODY.replace("um_klines_1m", "um_funding_8h"), 2, "funding has no interval; write um_funding"),
        (BODY.replace("um_klines_1m", "spot_funding"), 2, "the spot market has no funding"),
        (
            BODY.replace("um_klines_1m", "um_tardes"),
            2,
            "unknown type 'tardes' in 'um_tardes'; um has klines, funding, ",
        ),
        (BODY.replace("um_klines_1m", "um_candles_1m"), 2, "unknown type 'candles' in 'um_candles_1m'; um has klines"),
        (BODY.replace("um_klines_1m", "qq_candles"), 2, "is not a dataset's name; write <market>_<type> or"),
        (BODY.replace("um_klines_1m", "spot_metrics"), 2, "the spot market has no metrics; it has klines, trades, "),
        (BODY.replace("um_klines_1m", "um_trades_1m"), 2, "trades has no interval; write um_trades"),
        (BODY.replace("um_klines_1m", "um_mark_klines"), 2, "lacks its interval"),
        (
            BODY.replace("um_klines_1m", "um_trades").replace("_archive]", "_archive, binance_rest]"),
            5,
            "binance_rest has no trades; write binance_archive",
        ),
        (BODY.replace("um_klines_1m", "um_book_depth") + "    archive: [monthly]\n", 7, "no monthly files"),
        (BODY.replace("um_klines_1m", "um_trades") + "    features: true\n", 7, "trades has none"),
        (BODY.replace("um_klines_1m", "um_premium_klines_1m") + "    labels: {horizons: [1]}\n", 7, "has none"),
        (
            BODY.replace("um_klines_1m", "um_mark_klines_1m") + "    features: {select: [body, rel_volume]}\n",
            7,
            "rel_volume reads",
        ),
        (BODY.replace("um_klines_1m", "um_funding") + "    features: true\n", 7, "funding has none"),
        (BODY.replace("um_klines_1m", "um_klines_1w") + "    archive: [daily]\n", 7, "no daily files"),
        (
            BODY.replace("um_klines_1m", "um_klines_1w").replace("month", "day"),
            3,
            "a day cannot hold a bar of 1w",
        ),
        (
            HEAD.replace("um", "spot") + "    universe:\n      contracts: [perpetual]\n",
            7,
            "the spot market has no contracts",
        ),
        ("", 1, "the catalog is empty"),
        ("- a\n", 1, "must be a mapping with the key `datasets`"),
        ("datasets: {}\n", 1, "one at least"),
        ("datasets:\n", 1, "one at least"),
        ("dataset: {a: b}\n", 1, "unknown key; did you mean 'datasets'?"),
        ("datasets:\n  um_klines_1m: 3\n", 2, "must be a mapping with grain, start"),
        ("datasets:\n  a: [\n", 3, "not YAML"),
        ("datasets:\n  [a, b]: 1\n", 2, "a key must be plain text"),
        ("datasets: &a\n  um_klines_1m: *a\n", 1, "not YAML"),
        ("datasets:\n  a: \x07\n", 2, "the character U+0007 is not allowed"),
        ("a: 1\n---\nb: 1\n", 2, "not YAML"),
        ("[" * 5000, 1, "nested too deeply"),
    ],
)
def test_mistake(load: Load, text: str, line: int, words: str) -> None:
    found = mistakes(load, text)
    assert any(number == line and words in said for number, said in found), found


def test_all_mistakes_are_said_at_once_in_the_order_of_the_file(load: Load) -> None:
    text = BODY.replace("month", "week") + "    calendar: nyse\n  um_funding: {}\n"
    found = mistakes(load, text)
    assert [number for number, _ in found] == [3, 7, 8, 8, 8, 8]


def test_one_mistake_is_said_once(load: Load) -> None:
    assert len(mistakes(load, BODY.replace("_archive]", "_archve]"))) == 1
    assert len(mistakes(load, BODY.replace("um_klines_1m", "qq_klines_1m"))) == 1


def test_braces_in_values_are_shown_as_they_are(load: Load) -> None:
    [(_, words)] = mistakes(load, HEAD + "    symbols: ['{at}|{message}']\n")
    assert "'{at}|{message}'" in words


def test_a_name_with_a_line_break_stays_on_one_line(load: Load) -> None:
    found = mistakes(load, 'datasets:\n  "a\\nb": {grain: day}\n')
    assert {number for number, _ in found} == {2}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"nowhere.yaml: the catalog cannot be read: No such file"):
        load_catalog(tmp_path / "nowhere.yaml")


def test_not_utf8(write: Write) -> None:
    path = write("")
    path.write_bytes(b"datasets:\n  a: \xff\n")
    with pytest.raises(CatalogError, match=r"catalog.yaml:2: the catalog is not UTF-8"):
        load_catalog(path)
