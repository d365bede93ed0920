"""What is asked again, and when: once in a run, once for ever, a day later, or in the next run."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bcdata.errors import ProviderError
from bcdata.evidence.remembered import ObjectLooks, Once, Remembered, look_into
from bcdata.providers.base import ObjectError, Series
from bcdata.providers.formats import PublishedFile
from bcdata.store.state.attempts import Attempts
from bcdata_tests.instruments.learning import workbench
from bcdata_tests.mirror import day_key, made_day
from bcdata_tests.run import utc
from bcdata_tests.world import World

DAY = "2025-01-02"
SERIES = Series("spot", "klines", "BTCUSDT", "1m")
NOW = utc("2025-03-01")


class Counted:
    """Answers, one after the other; an error is raised. The last one stays."""

    def __init__(self, *answers: str | Exception | None) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def ask(self) -> str | None:
        self.calls += 1
        await asyncio.sleep(0)
        answer = self.answers[min(self.calls, len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def both(remembered: Remembered, one: Counted) -> list[str | None]:
    return await asyncio.gather(remembered.answer("k", one.ask), remembered.answer("k", one.ask))


def test_what_is_being_asked_is_not_asked_twice(tmp_path: Path) -> None:
    one = Counted("first", "second")
    assert asyncio.run(both(Remembered(Attempts(tmp_path), NOW), one)) == ["first", "first"]
    assert one.calls == 1


def test_an_answer_holds_for_ever_and_nothing_is_not_remembered(tmp_path: Path) -> None:
    memory, one = Attempts(tmp_path), Counted(None, "told", "more")

    def in_a_run(now: datetime) -> str | None:
        return asyncio.run(Remembered(memory, now).answer("k", one.ask))

    assert [in_a_run(NOW), in_a_run(NOW), in_a_run(NOW + timedelta(days=900))] == [None, "told", "told"]
    assert one.calls == 2
    assert memory.detail("k") == "told"


def test_nothing_is_the_answer_for_the_length_of_a_run(tmp_path: Path) -> None:
    one = Counted(None, "told")

    async def twice() -> list[str | None]:
        remembered = Remembered(Attempts(tmp_path), NOW)
        return [await remembered.answer("k", one.ask), await remembered.answer("k", one.ask)]

    assert asyncio.run(twice()) == [None, None]
    assert one.calls == 1


@pytest.mark.parametrize(("hours", "told"), [(23, ""), (24, "told")])
def test_a_provisional_answer_holds_for_a_day(tmp_path: Path, hours: int, told: str) -> None:
    memory, one = Attempts(tmp_path), Counted("", "told")
    for at, expected in ((NOW, ""), (NOW + timedelta(hours=hours), told)):
        assert asyncio.run(Remembered(memory, at).answer("k", one.ask, provisional="")) == expected


def test_that_nobody_could_be_asked_is_no_answer(tmp_path: Path) -> None:
    memory, one = Attempts(tmp_path), Counted(ProviderError("down", provider="test"), "told")
    with pytest.raises(ProviderError, match="down"):
        asyncio.run(Remembered(memory, NOW).answer("k", one.ask))
    assert memory.detail("k") is None
    assert asyncio.run(Remembered(memory, NOW).answer("k", one.ask)) == "told"


def test_who_is_cancelled_while_waiting_cancels_nobody_else() -> None:
    async def one_leaves() -> str | None:
        once, one = Once[str, str | None](), Counted("told")
        leaving = asyncio.create_task(once.get("k", one.ask))
        await asyncio.sleep(0)
        leaving.cancel()
        return await once.get("k", one.ask)

    assert asyncio.run(one_leaves()) == "told"


def _size(file: PublishedFile) -> str:
    return str(len(file.body))


def look(world: World, read: object = _size) -> str | None:
    """What a run of its own is told of the day's object."""
    with workbench(world.lake()) as context:

        async def told() -> str | None:
            archive = context.clients.bulk("spot")
            one = (await archive.objects(SERIES, "daily", first=DAY, last=DAY))[0]
            return await ObjectLooks(archive, context.attempts, context.now).look("size", one, read)  # type: ignore[arg-type]

        return context.loop.run(told())


def test_an_object_is_fetched_once_and_a_new_version_again(world: World) -> None:
    path = world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    first = path.stat().st_size
    assert look(world) == look(world) == str(first)
    assert len(world.asked(f"{DAY}.zip")) == 2, "the zip and its CHECKSUM"
    path = world.mirror.put_day("BTCUSDT", DAY, made_day(DAY)[:700])
    assert look(world) == str(path.stat().st_size) != str(first)


@pytest.mark.parametrize("kind", ["missing", "truncate_silently"])
def test_what_cannot_be_had_or_came_in_part_tells_nothing_and_is_looked_at_again(world: World, kind: str) -> None:
    path = world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    fault = world.add(f"{DAY}.zip", kind, unlisted=False)
    assert look(world) is None
    world.exchange.remove(fault)
    assert look(world) == str(path.stat().st_size)


def test_a_lying_checksum_makes_no_listed_bytes_others(world: World) -> None:
    path = world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    world.add(f"{DAY}.zip.CHECKSUM", "wrong_checksum")
    assert look(world) == str(path.stat().st_size)


def test_what_cannot_be_read_tells_nothing_and_is_read_again_by_later_code(world: World) -> None:
    def fail(file: PublishedFile) -> str:
        raise ObjectError("unreadable", file.name)

    world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    assert look(world, fail) is None
    assert look(world) is not None


def test_what_comes_along_is_remembered_too(world: World) -> None:
    world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
    with workbench(world.lake()) as context:

        async def told() -> tuple[str | None, str | None, PublishedFile | None]:
            archive = context.clients.bulk("spot")
            one = (await archive.objects(SERIES, "daily", first=DAY, last=DAY))[0]
            looks = ObjectLooks(archive, context.attempts, context.now)
            first = await looks.look_for("a", one, lambda _: {"a": "1", "b": "2"})
            return first, await looks.look("b", one, _size), await look_into(archive, one, lambda file: file)

        a, b, file = context.loop.run(told())
    assert (a, b) == ("1", "2")
    assert file is not None
    assert file.name == Path(day_key("BTCUSDT", DAY)).name
