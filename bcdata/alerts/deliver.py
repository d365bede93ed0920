"""From notices to messages: one message a channel and tick, with all that is due; what fails is tried again later."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bcdata.alerts.channels import Channel, channels
from bcdata.alerts.redact import redact, secrets_of
from bcdata.alerts.settings import AlertSettings
from bcdata.errors import BcdataError
from bcdata.store.state.outbox import Message, Notice, Outbox

_MOST_KINDS = 10
"""Kinds of trouble that one message spells out."""
_LONGEST = 3000
"""Characters of a message: what most channels take."""


@dataclass(slots=True)
class Delivery:
    """What came of a tick: facts that were new, messages sent, and what went wrong, in words without addresses."""

    new: int = 0
    sent: int = 0
    troubles: list[str] = field(default_factory=list)


def tell(root: Path, notices: Iterable[Notice], now: datetime) -> Delivery:
    """Notes what is new, and tells every channel what it has not been told. A channel that fails is no error.

    Args:
        root: the lake, whose side table remembers what was told.
        notices: what holds now; what was told before is passed over.
        now: the present instant (UTC).

    Raises:
        StoreError: the side table cannot be used.
    """
    settings, done = AlertSettings(), Delivery()
    known = channels(settings.urls)
    outbox = Outbox(root)
    secrets = secrets_of(os.environ, settings.urls)
    # What is stored is clean already: the side table is no place for secrets either.
    done.new = outbox.note((_clean(one, secrets) for one in notices), [one.name for one in known], now)
    with outbox.delivering() as is_ours:
        for channel in known if is_ours else []:
            due = outbox.due(channel.name, now, settings.window)
            if not due:
                continue
            if trouble := _send(channel, due):
                until = outbox.failed(channel.name, now)
                words = f"alert channel {channel.name}: {trouble}; tried again after {until:%Y-%m-%d %H:%M} UTC"
                done.troubles.append(words)
            else:
                outbox.delivered(channel.name, due, now)
                done.sent += 1
    return done


def _clean(notice: Notice, secrets: Sequence[str]) -> Notice:
    return Notice(*(redact(text, secrets) for text in (notice.fact, notice.key, notice.title, notice.text)))


def _send(channel: Channel, due: Sequence[Message]) -> str | None:
    """Sends one message about all that is due; returns what went wrong."""
    try:
        went = channel.send(_title(due), _body(due))
    except BcdataError as error:
        return str(error)
    return None if went else "it did not take the message"


def _title(due: Sequence[Message]) -> str:
    return f"bcdata: {due[0].title}" if len(due) == 1 else f"bcdata: {len(due)} kinds of trouble"


def _body(due: Sequence[Message]) -> str:
    parts = [_paragraph(one, with_title=len(due) > 1) for one in due[:_MOST_KINDS]]
    if len(due) > _MOST_KINDS:
        parts.append(f"And {len(due) - _MOST_KINDS} more kinds; bcdata status shows what is held back and missing.")
    text = "\n\n".join(parts)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _paragraph(one: Message, *, with_title: bool) -> str:
    often = f"{one.count} times since {one.since:%Y-%m-%d %H:%M} UTC; the last: " if one.count > 1 else ""
    return (f"{one.title}\n" if with_title else "") + often + one.text
