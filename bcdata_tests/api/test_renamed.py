"""`load(adjusted=...)` over renames and tickers that were used again: an action is its instrument's alone."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bcdata.api.load import load
from bcdata.catalog import load_catalog
from bcdata.errors import MissingDataWarning
from bcdata.frames.schema import MERGED_ACTION, conform, merged_bar
from bcdata_tests.api.test_adjusted import MONTHS, NOW, World

AT = 20
"""The session of the rename, by its number."""


class Renames(World):
    """Bars and actions of several symbols; closes of all are those of `World`."""

    def state(self, *entries: str) -> None:
        path = Path(self.catalog.path)
        text = path.read_text().replace("MSFT", "FB, META, METV, MSFT")
        stated = ", ".join(entries)
        market = "{calendar: XNYS, type: stock, currency: USD, since: 1990-01, instruments: [" + stated + "]}"
        path.write_text((f"markets:\n  us_equity: {market}\n" if entries else "") + text)
        self.catalog = load_catalog(path)

    def put(self, symbol: str, first: int, last: int, *actions: dict[str, Any]) -> None:
        """The sessions from one number to another, and what happened to the symbol; all months of actions."""
        own = self.bars.with_row_index("n").filter(pl.col("n").is_between(first, last, closed="left"))
        told = pl.DataFrame(list(actions), infer_schema_length=None)
        for key in MONTHS:
            inside = own.filter(pl.col("open_time").dt.strftime("%Y-%m") == key)
            whole = inside.with_columns(
                open=pl.col("close"), high=pl.col("close"), low=pl.col("close"), source=pl.lit("yahoo"),
                known_at=pl.col("open_time") + timedelta(hours=6.5),
            )  # fmt: skip
            bars = conform(whole, merged_bar(funding=False, sessions=True))
            self.publish("us_equity_klines_1d", key, bars, symbol)
            rows = pl.DataFrame(schema=MERGED_ACTION)
            if actions:
                some = told.filter(pl.col("ex_session").dt.strftime("%Y-%m") == key)
                at = pl.col("ex_session").cast(pl.Datetime("us", "UTC"))
                made = some.with_columns(time=at, source=pl.lit("alpaca"), known_at=at + pl.duration(hours=14))
                rows = conform(made.sort("time", "kind"), MERGED_ACTION)
            self.publish("us_equity_actions", key, rows, symbol)

    def closes(self, symbol: str, **options: Any) -> list[float]:
        found = load("us_equity_klines_1d", symbol, root=self.root, catalog=self.catalog, **options)
        return list(found["close"])

    def at(self, number: int) -> date:
        return self.labels[number]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Renames:
    monkeypatch.setenv("BCDATA_NOW", NOW)
    return Renames(tmp_path)


def split(on: date, ratio: float) -> dict[str, Any]:
    return {"kind": "split", "ex_session": on, "ratio": ratio}


def cash(on: date, amount: float) -> dict[str, Any]:
    return {"kind": "cash", "ex_session": on, "amount": amount, "currency": "USD"}


def became(on: date, new: str) -> dict[str, Any]:
    return {"kind": "rename", "ex_session": on, "renamed_to": new}


def was(on: date, old: str) -> dict[str, Any]:
    return {"kind": "rename", "ex_session": on, "renamed_from": old}


STATED = "{symbol: FB, to: AT, instrument: facebook}", "{symbol: META, from: AT, instrument: facebook}"


def put_meta(world: Renames, how: str) -> None:
    """FB is META from session 20 on, is split in session 30, and pays in session 20 and 40."""
    at = world.at(AT)
    told = how == "told"
    world.state(*(() if told else (one.replace("AT", f"{at}") for one in STATED)))
    world.put("FB", 0, AT, *([became(at, "META")] if told else []))
    after = split(world.at(30), 4.0), cash(at, 1.0), cash(world.at(40), 1.0)
    world.put("META", AT, 60, *([was(at, "FB")] if told else []), *after)


@pytest.mark.parametrize("how", ["told", "stated"])
def test_what_happens_under_the_new_symbol_is_of_the_old_one_too(world: Renames, how: str) -> None:
    put_meta(world, how)
    raw, splits, both = (world.closes("FB", adjusted=one) for one in ("none", "splits", "all"))
    assert splits == [one / 4 for one in raw]
    # The first payment is of the close of the day before, which was FB's.
    factor = (1 - 1.0 / world.bars["close"][AT - 1]) * (1 - 1.0 / world.bars["close"][39]) / 4
    assert both == pytest.approx([one * factor for one in raw], rel=1e-14)
    assert world.closes("META", adjusted="splits")[:10] == [one / 4 for one in world.closes("META")[:10]]
    assert world.closes("META", adjusted="splits")[10:] == world.closes("META")[10:]


def test_a_view_from_before_the_rename_does_not_know_of_it(world: Renames) -> None:
    put_meta(world, "told")
    before = world.closes("FB", adjusted="all", adjusted_as_of=world.at(AT - 1), missing="ignore")
    assert before == world.closes("FB")


@pytest.mark.parametrize("how", ["told", "stated"])
def test_a_ticker_that_was_used_again_is_two(world: Renames, how: str) -> None:
    """META was a fund that became METV in session 10; from session 20 on it is what was FB, which is split later."""
    first, at = world.at(10), world.at(AT)
    told = how == "told"
    fund = f"{{symbol: META, to: {first}, instrument: fund}}", f"{{symbol: METV, from: {first}, instrument: fund}}"
    world.state(*(() if told else (*fund, *(one.replace("AT", f"{at}") for one in STATED))))
    renamed = [became(first, "METV"), was(at, "FB")] if told else []
    world.put("META", 0, 60, *renamed, split(world.at(30), 4.0), split(world.at(5), 2.0))
    world.put("METV", 10, 60, *([was(first, "META")] if told else []), split(world.at(25), 3.0))
    raw, splits = world.closes("META"), world.closes("META", adjusted="splits")
    assert splits[:5] == pytest.approx([one / 6 for one in raw[:5]], rel=1e-15)  # of the fund, which goes on as METV
    assert splits[5:10] == pytest.approx([one / 3 for one in raw[5:10]], rel=1e-15)
    assert splits[10:AT] == raw[10:AT]  # of nobody who is known
    assert splits[AT:30] == [one / 4 for one in raw[AT:30]]
    assert splits[30:] == raw[30:]


def test_a_payment_of_the_next_holder_is_no_share_of_the_last_price_of_the_one_before(world: Renames) -> None:
    at = world.at(AT)
    world.state(f"{{symbol: META, to: {at}, instrument: fund}}", f"{{symbol: META, from: {at}, instrument: other}}")
    world.put("META", 0, 60, cash(at, 1.0))
    with pytest.warns(MissingDataWarning, match="no close before it"):
        assert world.closes("META", adjusted="all") == world.closes("META")


def test_symbols_that_go_round_in_a_circle(world: Renames) -> None:
    """Two symbols that change places: each instrument is followed to the other one, and no further."""
    at = world.at(AT)
    world.state()
    world.put("FB", 0, 60, became(at, "META") | was(at, "META") | {"renamed_to": "META"})
    world.put("META", 0, 60, became(at, "FB") | {"renamed_from": "FB"}, split(world.at(30), 2.0))
    raw = world.closes("FB")
    assert world.closes("FB", adjusted="splits") == [*(one / 2 for one in raw[:AT]), *raw[AT:]]
