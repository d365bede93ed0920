"""What is published does not depend on where the code lies: every Parquet file and raw object of a lake, by its bytes.

The lake has all zones and all kinds of datasets, repairs by REST, rows set aside, a republication, healing, funding,
the universe and halts. A change that means to publish other bytes raises a version and writes the digests afresh:
`BCDATA_WRITE_DIGESTS=1 pytest bcdata_tests/scenarios/test_same_bytes.py`.
"""

import hashlib
import json
import os
from pathlib import Path

import pytest

from bcdata.catalog import load_catalog
from bcdata.healing.heal import HealOrder, heal
from bcdata.instruments.update import update
from bcdata.pipeline.context import open_run_context
from bcdata.pipeline.halts import watch
from bcdata.pipeline.zones import steps
from bcdata.simulate import Fault, GeneratedMarket, LoopbackExchange
from bcdata_tests.run import Lake, pointed_at, utc

DIGESTS = Path(__file__).with_name("same_bytes.json")
SPOT, DAYS, UM, FUNDING, CM = "spot_klines_1h", "spot_klines_15m", "um_klines_1h", "um_funding", "cm_klines_4h"
FEATURES = "{select: [log_ret_1, ret_vol_z, rsi_14, xs_rank_60]}"
CATALOG = f"""
datasets:
  {SPOT}:
    grain: month
    start: 2023-01
    symbols: [ARBUSDT, BTCUSDT, SRMUSDT]
    sources: [binance_archive, binance_rest]
    features: {FEATURES}
    labels: {{horizons: [1, 6]}}
    resample: [4h]
  {DAYS}:
    grain: day
    start: 2023-03-20
    symbols: [ARBUSDT, BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: false
  {UM}:
    grain: month
    start: 2023-01
    symbols: [ARBUSDT, BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: {{select: [log_ret_1, funding_z_30d]}}
  {FUNDING}:
    grain: month
    start: 2023-01
    symbols: [ARBUSDT, BTCUSDT]
    sources: [binance_archive, binance_rest]
  {CM}:
    grain: month
    start: 2023-02
    symbols: [BTCUSD_PERP]
    sources: [binance_archive]
    features: false
"""
RECTANGLES = (
    (FUNDING, "ARBUSDT,BTCUSDT", "2023-03", "2023-05"),
    (UM, "ARBUSDT,BTCUSDT", "2023-03", "2023-03"),
    (SPOT, "ARBUSDT,BTCUSDT,SRMUSDT", "2023-03", "2023-05"),
    (DAYS, "ARBUSDT,BTCUSDT", "2023-03-22", "2023-03-25"),
    (CM, "BTCUSD_PERP", "2023-02", "2023-03"),
)
FAULTS = (
    Fault("BTCUSDT-15m-2023-03-23.zip", "half_day"),
    Fault("ARBUSDT-15m-2023-03-24.zip", "missing"),
    Fault("BTCUSDT-15m-2023-03-25.zip$", "garbage"),
    Fault("spot/.*/1h/BTCUSDT-1h-2023-03", "missing"),
    Fault("spot/.*/1h/SRMUSDT-1h-2023-04-1.\\.zip$", "half_day"),
    Fault("um/.*/fundingRate/BTCUSDT/.*2023-04", "missing"),
    Fault("um/.*/1h/ARBUSDT-1h-2023-03-2.*CHECKSUM$", "wrong_checksum"),
)
THEN, NOW = utc("2023-06-03"), utc("2023-06-20")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_bytes_of_a_lake(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    catalog = load_catalog(tmp_path / "catalog.yaml")
    with (
        LoopbackExchange(GeneratedMarket.demo(), now=NOW) as exchange,
        pointed_at(exchange.environment(), tmp_path / "state"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("BCDATA_HTTP_READ_TIMEOUT", "20")
        root = tmp_path / "lake"
        for fault in FAULTS:
            exchange.add(fault)
        for one in RECTANGLES:
            Lake(root, THEN, catalog).materialize(*one)
        for fault in FAULTS:
            exchange.remove(fault)
        with open_run_context(root, catalog, NOW) as context:
            update(context, "um", seconds=200)
            orders = [
                HealOrder(tuple(steps(catalog[DAYS])), (("BTCUSDT", "2023-03-23"), ("ARBUSDT", "2023-03-24"))),
                HealOrder(tuple(steps(catalog[SPOT])), (("BTCUSDT", "2023-03"),)),
            ]
            assert [one for _, one in heal(context, orders) if not one.ok] == []
            assert list(watch(context.store, catalog[SPOT]))
    found = digests(root)
    if os.environ.get("BCDATA_WRITE_DIGESTS"):
        DIGESTS.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n")
    expected = json.loads(DIGESTS.read_text())
    changed = {name for name in {*found, *expected} if found.get(name) != expected.get(name)}
    assert not changed, sorted(changed)


def digests(root: Path) -> dict[str, str]:
    """Every file of the zones but records in JSON: 16 digits of its SHA-256 by its path."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.relative_to(root).parts[0].startswith(".") and path.name not in _RECORDS
    }


_RECORDS = {"manifest.json", "report.json"}
