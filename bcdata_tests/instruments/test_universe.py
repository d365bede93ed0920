"""The universe of an exchange over real sockets: new, ended, renamed symbols; bounded; learnt step by step."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bcdata.cli import app
from bcdata.errors import UsageError
from bcdata.instruments.table import latest
from bcdata.instruments.update import read_universe
from bcdata.sql.connection import query
from bcdata.store.layout import universe_table
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata.terminal import console
from bcdata_tests.instruments.learning import LATELY, NOW, known, learn, put
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.world import BY_DAY, World


def test_what_trades_and_what_has_ended(lake: Lake) -> None:
    done = learn(lake)
    assert (done.rows, done.symbols, done.left, done.troubles) == (2, 2, 0, [])
    btc, old = known(lake)["BTCUSDT"], known(lake)["OLDUSDT"]
    assert (btc["first_seen"], btc["last_seen"], btc["status"]) == (date(2025, 1, 1), None, "trading")
    assert (old["first_seen"], old["last_seen"], old["status"]) == (date(2024, 12, 1), date(2025, 1, 15), "delisted")
    assert old["instrument_id"] == "spot:OLDUSDT:2024-12-01"
    assert old["evidence"] == "exchangeInfo does not list it; the archive's last object is of 2025-01-15"
    assert {row["known_from"] for row in (btc, old)} == {NOW}


def test_the_same_listing_gives_the_same_bytes_whenever_it_is_seen(lake: Lake) -> None:
    learn(lake)
    before = tree(lake.root)
    later = replace(lake, now=lake.now + timedelta(hours=5))
    assert learn(later).rows == 0
    assert tree(lake.root) == before


def test_what_changes_is_a_new_row_and_what_was_known_stays_readable(world: World, lake: Lake) -> None:
    learn(lake)
    put(world, "NEWUSDT", *LATELY)
    later = replace(lake, now=NOW + timedelta(days=20))
    put(world, "OLDUSDT", "2025-03-20")
    done = learn(later)
    assert done.rows == 3, "a new symbol; one that came back; BTCUSDT, whose objects have not come for long"
    store = Store(lake.root)
    then = latest(read_universe(store, "spot", NOW + timedelta(hours=1)))
    now = latest(read_universe(store, "spot", later.now))
    assert set(then) == {"BTCUSDT", "OLDUSDT"}
    assert (then["OLDUSDT"]["status"], now["OLDUSDT"]["status"]) == ("delisted", "trading")
    assert now["OLDUSDT"]["instrument_id"] == then["OLDUSDT"]["instrument_id"], "a relisting is no new instrument"
    assert now["BTCUSDT"]["last_seen"] == date(2025, 2, 26)
    assert now["NEWUSDT"]["first_seen"] == date(2025, 2, 25)


@pytest.mark.parametrize(("price", "renamed_from"), [(104, "OLDUSDT"), (900, None)])
def test_a_rename_is_stated_where_the_price_goes_on(
    world: World, lake: Lake, price: int, renamed_from: str | None
) -> None:
    put(world, "NEWUSDT", "2025-01-18", *LATELY, price=price)
    learn(lake)
    new = known(lake)["NEWUSDT"]
    assert new["renamed_from"] == renamed_from
    is_one = new["instrument_id"] == known(lake)["OLDUSDT"]["instrument_id"]
    assert is_one == bool(renamed_from)
    before = tree(lake.root)
    assert learn(lake).rows == 0
    assert tree(lake.root) == before


def test_a_rename_is_found_when_the_old_name_is_seen_to_have_ended(world: World, lake: Lake) -> None:
    """When the new one comes, nobody can know yet that no more objects of the old one will."""
    put(world, "NEWUSDT", "2025-01-18")
    world.truth.remove("data/spot/daily/klines/NEWUSDT/1m/NEWUSDT-1m-2025-01-18.zip")
    early = replace(lake, now=utc("2025-01-20"))
    learn(early)
    assert known(lake)["OLDUSDT"]["last_seen"] is None
    assert known(lake)["NEWUSDT"]["renamed_from"] is None
    learn(replace(lake, now=utc("2025-01-27")))
    assert known(lake)["NEWUSDT"]["renamed_from"] == "OLDUSDT"


def test_months_tell_days_only_where_no_day_does(world: World, lake: Lake) -> None:
    world.mirror.put_month("MONUSDT", "2024-11", made_day("2024-11-01", minutes=5))
    world.mirror.put_month("OLDUSDT", "2024-12", made_day("2024-12-01", minutes=5))
    learn(lake)
    rows = known(lake)
    assert (rows["MONUSDT"]["first_seen"], rows["MONUSDT"]["last_seen"]) == (date(2024, 11, 1), date(2024, 11, 30))
    assert (rows["OLDUSDT"]["first_seen"], rows["OLDUSDT"]["last_seen"]) == (date(2024, 12, 1), date(2025, 1, 15))


def test_what_is_dated_in_the_future_is_no_day(world: World, lake: Lake) -> None:
    learn(lake)
    before = known(lake)["OLDUSDT"]
    put(world, "OLDUSDT", "2030-01-01")
    world.mirror.put_month("OLDUSDT", "2031-01", made_day("2031-01-01", minutes=5))
    learn(replace(lake, now=NOW + timedelta(days=2)))
    assert known(lake)["OLDUSDT"]["last_seen"] == before["last_seen"] is not None


def test_without_an_answer_of_the_exchange_statuses_stay(world: World, lake: Lake) -> None:
    learn(lake)
    world.add("/exchangeInfo", "status", status=451)
    put(world, "NEWUSDT", *LATELY)
    done = learn(replace(lake, now=NOW + timedelta(hours=1)))
    assert "statuses stay" in done.troubles[0]
    assert known(lake)["BTCUSDT"]["status"] == "trading"
    assert (known(lake)["NEWUSDT"]["status"], known(lake)["NEWUSDT"]["status_source"]) == ("unknown", "archive")


def test_symbols_are_asked_for_in_turn_and_new_ones_first(world: World, lake: Lake) -> None:
    symbols = ["BTCUSDT", "NEWUSDT", "OLDUSDT"]
    put(world, "NEWUSDT", *LATELY)
    world.exchange.clear()
    for hour in range(3):
        done = learn(replace(lake, now=NOW + timedelta(hours=hour)), most=1)
        assert (done.asked, done.left) == (1, 2 - hour)
    assert sorted(known(lake)) == symbols
    world.exchange.clear()
    assert learn(replace(lake, now=NOW + timedelta(days=2)), most=1).asked == 1
    of_objects = world.asked("/listing?prefix=data/spot/daily/klines/BTCUSDT/1m") or world.asked("BTCUSDT%2F1m")
    assert of_objects, "the one that was asked for longest ago"
    assert len(world.asked()) <= 10


def test_a_symbol_that_was_asked_for_in_vain_is_asked_for_first(lake: Lake) -> None:
    """The process was killed after it had asked, and before it could publish."""
    Attempts(lake.root).note(["universe/spot/OLDUSDT/span"], lake.now)
    Attempts(lake.root).note(["universe/spot/BTCUSDT/span"], lake.now - timedelta(days=1))
    assert learn(lake, most=1).left == 1
    assert learn(lake, most=1).left == 0
    assert sorted(known(lake)) == ["BTCUSDT", "OLDUSDT"]


def test_a_symbol_that_cannot_be_listed_keeps_the_others_from_nothing(world: World, lake: Lake) -> None:
    world.add("BTCUSDT.*1m", "status", status=403)
    done = learn(lake)
    assert done.left == 1
    assert any("BTCUSDT" in trouble for trouble in done.troubles)
    assert known(lake)["OLDUSDT"]["status"] == "delisted"


def test_a_killed_update_leaves_the_table_as_it_was(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(lake)
    before = tree(lake.root)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", die)
    with pytest.raises(KeyboardInterrupt):
        learn(replace(lake, now=NOW + timedelta(days=30)))
    assert {name: digest for name, digest in tree(lake.root).items() if ".staging" not in name} == before


def test_the_command_shows_what_was_known_when(
    world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(world.folder / "catalog.yaml"))
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())
    shown = ["universe", "--market", "spot", "--json"]
    app([*shown, "--update"], standalone_mode=False)
    told = [(one["symbol"], one["status"]) for one in json.loads(capsys.readouterr().out)["symbols"]]
    assert told == [("BTCUSDT", "trading"), ("OLDUSDT", "delisted")]
    app([*shown, "--as-of", "2025-02-28"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out)["symbols"] == []
    app([*shown, "--status", "trading"], standalone_mode=False)
    assert len(json.loads(capsys.readouterr().out)["symbols"]) == 1
    seen = query(Store(lake.root), lake.catalog, "SELECT symbol, status FROM universe.spot ORDER BY symbol")
    assert seen.rows() == told
    with pytest.raises(UsageError, match="the catalog has no market 'moon'; it has spot"):
        app(["universe", "--market", "moon"], standalone_mode=False)
    with pytest.raises(UsageError, match="'dead' is no status"):
        app([*shown, "--status", "dead"], standalone_mode=False)


def test_a_table_of_an_earlier_version_is_read(lake: Lake) -> None:
    learn(lake)
    store, place = Store(lake.root), universe_table("spot")
    old = store.read(place)
    assert old is not None
    store.publish(place, old.drop("use"), fingerprint="old", rules="", record={})
    assert read_universe(store, "spot").equals(old)
    assert learn(lake).rows == 0


def test_the_command_says_how_each_name_was_classified(
    world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(world, "BKRWUSDT", *LATELY)
    put(world, "XEURUSDT", *LATELY)
    rules = "universe: {quote: [USDT], stable_coins: false}"
    catalog = world.folder / "classified.yaml"
    catalog.write_text(BY_DAY.replace("symbols: [BTCUSDT]", rules))
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_CATALOG", str(catalog))
    monkeypatch.setenv("BCDATA_NOW", NOW.isoformat())
    app(["universe", "--market", "spot", "--update", "--json"], standalone_mode=False)
    shown = {one["symbol"]: one for one in json.loads(capsys.readouterr().out)["symbols"]}
    krw = shown["BKRWUSDT"]
    assert (krw["base"], krw["quote"], krw["asset_class"]) == ("BKRW", "USDT", "stable_coin")
    assert krw["class_reason"] == "its base BKRW is a stable coin of KRW"
    [decision] = krw["datasets"].values()
    assert (decision["included"], decision["rule"]) == (False, "stable_coins")
    assert (shown["BTCUSDT"]["asset_class"], *shown["BTCUSDT"]["datasets"].values()) == (
        "other",
        {"included": True, "rule": "rules", "reason": "every rule lets it in"},
    )
    monkeypatch.setattr(console.out, "width", 200)
    app(["universe", "--market", "spot"], standalone_mode=False)
    printed = capsys.readouterr()
    assert "stable_coin" in printed.out
    assert "XEURUSDT: its base XEUR has EUR in its name" in printed.err
    assert "BTCUSDT" not in printed.err
