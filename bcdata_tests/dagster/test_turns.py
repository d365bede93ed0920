"""One sensor over many datasets: in turn, within a time, each with its part of the cursor, none stopping the others."""

import json

import dagster as dg
import pytest

from bcdata.dagster.sensors.turns import Progress, Turn, take_turns
from bcdata.errors import BcdataError

NAMES = ("one", "two", "three")


class Datasets:
    """What is looked at, on a clock of its own: each turn takes some seconds, and some fail."""

    def __init__(self, *, seconds: float = 0, bad: tuple[str, ...] = ()) -> None:
        self.now, self.seconds, self.bad = 0.0, seconds, bad
        self.seen: list[tuple[str, str, float]] = []

    def look(self, name: str, cursor: str, left: float) -> Turn:
        """A turn: the cursor counts them."""
        self.seen.append((name, cursor, left))
        self.now += self.seconds
        if name in self.bad:
            raise BcdataError(f"{name} is damaged\nand more of it")
        return Turn("looked", cursor=str(int(cursor or 0) + 1))

    def tick(self, instance: dg.DagsterInstance, cursor: str | None) -> dg.SensorResult:
        """A tick of 15 s."""
        with dg.build_sensor_context(instance, cursor=cursor) as context:
            return take_turns(context, NAMES, self.look, seconds=15, clock=lambda: self.now)


def parts(result: dg.SensorResult) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(result.cursor or "")["datasets"]
    return found


def test_each_has_its_turn_and_its_part_of_the_cursor(instance: dg.DagsterInstance) -> None:
    some = Datasets()
    first = some.tick(instance, None)
    assert parts(first) == {name: {"cursor": "1"} for name in NAMES}
    assert parts(some.tick(instance, first.cursor)) == {name: {"cursor": "2"} for name in NAMES}
    assert str(first.skip_reason and first.skip_reason.skip_message) == "one: looked | two: looked | three: looked"


def test_a_tick_that_runs_out_of_time_goes_on_with_the_next_one(instance: dg.DagsterInstance) -> None:
    some, cursor, seen = Datasets(seconds=8), None, []
    for _ in range(3):
        cursor = some.tick(instance, cursor).cursor
        seen.append([(name, left) for name, _, left in some.seen])
        some.seen.clear()
    assert seen == [[("one", 15), ("two", 7)], [("three", 15), ("one", 7)], [("two", 15), ("three", 7)]]


def test_one_turn_is_taken_however_long_it_takes(instance: dg.DagsterInstance) -> None:
    some, cursor = Datasets(seconds=100), None
    for _ in range(4):
        cursor = some.tick(instance, cursor).cursor
    assert [name for name, *_ in some.seen] == ["one", "two", "three", "one"]


def test_an_error_is_noted_in_its_part_and_stops_no_other(instance: dg.DagsterInstance) -> None:
    some = Datasets()
    before = some.tick(instance, None)
    some.bad = ("two",)
    after = some.tick(instance, before.cursor)
    assert parts(after) == {
        "one": {"cursor": "2"},
        "two": {"cursor": "1", "error": "two is damaged"},
        "three": {"cursor": "2"},
    }
    assert "two could not be looked at: two is damaged" in str(after.skip_reason)
    some.bad = ()
    assert parts(some.tick(instance, after.cursor))["two"] == {"cursor": "2"}, "over, and forgotten"


def test_a_dataset_that_always_fails_slowly_starves_nobody(instance: dg.DagsterInstance) -> None:
    some, cursor = Datasets(seconds=20, bad=("one",)), None
    for _ in range(6):
        cursor = some.tick(instance, cursor).cursor
    assert [name for name, *_ in some.seen] == [*NAMES, *NAMES]


def test_a_tick_on_which_all_fail_fails(instance: dg.DagsterInstance) -> None:
    """ "Nothing to do" would be a lie."""
    with pytest.raises(BcdataError, match="one is damaged"):
        Datasets(bad=NAMES).tick(instance, None)


def test_what_others_ask_for_is_asked_for_beside_an_error(instance: dg.DagsterInstance) -> None:
    def look(name: str, _cursor: str, _left: float) -> Turn:
        if name == "two":
            raise OSError
        return Turn("asked", runs=[dg.RunRequest(run_key=name, job_name="heal")])

    with dg.build_sensor_context(instance) as context:
        result = take_turns(context, NAMES, look)
    assert [one.run_key for one in result.run_requests or []] == ["one", "three"]
    assert result.skip_reason is None
    assert parts(result)["two"] == {"cursor": "", "error": "OSError"}


@pytest.mark.parametrize(
    "cursor",
    ["BTCUSDT", "", "spot_klines_1m", "1234567890123456", "null", "[]", '"x"', '{"datasets": []}', "{", "币安人生USDT",
     "[" * 100_000],
    ids=lambda cursor: cursor[:20],
)  # fmt: skip
def test_cursors_of_the_release_before_count_as_none(instance: dg.DagsterInstance, cursor: str) -> None:
    some = Datasets()
    assert parts(some.tick(instance, cursor)) == {name: {"cursor": "1"} for name in NAMES}


@pytest.mark.parametrize("part", ["null", "[1]", '"AAA"', '{"cursor": null}', '{"cursor": 7, "error": 8}'])
def test_a_part_that_cannot_be_meant_breaks_no_tick(part: str) -> None:
    found = Progress.read(f'{{"next": 3, "datasets": {{"one": {part}}}}}', NAMES).parts["one"]
    assert isinstance(found.cursor, str)


def test_a_dataset_that_left_the_catalog_is_forgotten(instance: dg.DagsterInstance) -> None:
    cursor = json.dumps({"next": "gone", "datasets": {"gone": {"cursor": "7"}}})
    some = Datasets()
    assert set(parts(some.tick(instance, cursor))) == set(NAMES)
    assert [name for name, *_ in some.seen] == list(NAMES)
