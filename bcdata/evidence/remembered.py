"""Asking once, and remembering what was learnt: the rules for all that asks about objects and of providers.

- Within a run each question is asked once. Who asks it meanwhile, or later, gets the same answer or the same error.
- An answer is remembered in the side table, for ever: it is about what does not change, as a version of an object.
  One that may change yet (`provisional`) is asked for again a day later.
- That a provider could not be asked is no answer: the error is passed on, and the next run asks.
- An object that is listed and not there, that has other bytes than were listed, or that cannot be read tells nothing.
  That is not remembered: the next run may get it.

Losing the side table costs requests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar

from bcdata.errors import NotFoundError
from bcdata.providers.base import BulkObject, ObjectError
from bcdata.providers.formats import PublishedFile
from bcdata.providers.roles import BulkSource
from bcdata.store.state.attempts import ASK_AGAIN, Attempts

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Once(Generic[Key, Answer]):
    """Asks each question once in a run, and waits for what is being asked already."""

    def __init__(self) -> None:
        self._asked: dict[Key, asyncio.Task[Answer]] = {}

    async def get(self, key: Key, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to the question that has this key; who is cancelled while waiting cancels nobody else."""
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(_of(ask()))
        return await asyncio.shield(self._asked[key])

    def forget(self, key: Key) -> None:
        """Lets the question be asked again."""
        self._asked.pop(key, None)


class Remembered:
    """Answers as texts under keys that people can read."""

    def __init__(self, memory: Attempts, now: datetime) -> None:
        self._memory = memory
        self._now = now
        self._asking = Once[str, str | None]()

    def known(self, key: str, *, provisional: str | None = None) -> str | None:
        """What was answered; None where nothing was, or the provisional answer and that is a day old."""
        text = self._memory.detail(key)
        if text is None or text != provisional:
            return text
        last = self._memory.last(key)
        return None if last is None or self._now - last >= ASK_AGAIN else text

    async def answer(
        self, key: str, ask: Callable[[], Awaitable[str | None]], *, provisional: str | None = None
    ) -> str | None:
        """What is known, or else what asking tells; None where that is nothing, which is not remembered.

        Raises:
            ProviderError: asking raised it.
        """
        text = self.known(key, provisional=provisional)
        if text is not None:
            return text
        text = await self._asking.get(key, partial(self._ask, key, ask))
        if text is not None:
            self._asking.forget(key)  # the side table has it: what a long run learns needs no memory
        return text

    def note(self, key: str, text: str) -> None:
        """Remembers an answer that came along with another one."""
        self._memory.note([key], self._now, text)

    async def _ask(self, key: str, ask: Callable[[], Awaitable[str | None]]) -> str | None:
        text = await ask()
        if text is not None:
            self.note(key, text)
        return text


class ObjectLooks:
    """What is in objects of the archive, as texts."""

    def __init__(self, archive: BulkSource, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._remembered = Remembered(memory, now)

    async def look(self, what: str, one: BulkObject, read: Callable[[PublishedFile], str]) -> str | None:
        """What reading the object tells, or told at an earlier look; None where it tells nothing.

        Args:
            what: what is looked for, the beginning of the key.
            one: the object; a later version of it is another one.
            read: from the bytes to a text; it may raise `ObjectError`. Runs on a thread.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        return await self.look_for(what, one, lambda file: {what: read(file)})

    async def look_for(
        self, what: str, one: BulkObject, read: Callable[[PublishedFile], Mapping[str, str]]
    ) -> str | None:
        """As `look`, where reading tells several things, by what each is called: all of them are remembered."""

        async def ask() -> str | None:
            told = await look_into(self._archive, one, read) or {}
            for name in told.keys() - {what}:
                self._remembered.note(_key(name, one), told[name])
            return told.get(what)

        return await self._remembered.answer(_key(what, one), ask)


async def look_into(archive: BulkSource, one: BulkObject, read: Callable[[PublishedFile], Answer]) -> Answer | None:
    """What reading an object tells, without a memory; None where it is not there, not whole, or cannot be read.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    try:
        fetched = await archive.fetch(one)
        if not fetched.is_whole(one):
            return None
        return await asyncio.to_thread(read, PublishedFile.of(one, fetched.body))
    except (NotFoundError, ObjectError):
        return None


def _key(what: str, one: BulkObject) -> str:
    """Names the version of the object."""
    return f"{what}/{one.key}/{one.size}/{one.etag}/{one.last_modified}"


async def _of(asked: Awaitable[Answer]) -> Answer:
    return await asked
