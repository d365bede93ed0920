"""What an answer means: a whole body, another attempt, a wait for everybody, or an error with its fix."""

from contextlib import suppress
from datetime import UTC, datetime

import aiohttp

from bcdata.errors import BadAnswerError, BlockedError, NotFoundError
from bcdata.net.answers import HttpResponse, OversizeError, RefusedError, one_line, retry_after, shown
from bcdata.net.keys import Secrets
from bcdata.net.policy import Refusal, Reply
from bcdata.net.refused import BanError, SlowDownError, TransientError, refused
from bcdata.net.request import Request
from bcdata.net.wire.encodings import decoder

BANNED = 418
_OK = 200
_NOT_FOUND = 404
_TOO_MANY = 429
_BLOCKED = (403, 451)
_SERVER_ERROR = 500
_ERROR_BYTES = 65_536
_BAN_SECONDS = 300.0
"""For a ban that does not say how long it lasts."""


async def classified(question: Request, response: aiohttp.ClientResponse, secrets: Secrets) -> HttpResponse:
    """The whole answer, if it is a success: by the question's policy, and where it says nothing, by the status.

    No key that the reply repeats is in the answer, nor shown to the policy.

    Raises:
        TransientError: 5xx, or what the policy calls down.
        SlowDownError: 429, or what the policy calls a rate limit.
        BanError: 418.
        ProviderError: what `HttpClient.get` says of the other ones.
    """
    status, headers = response.status, secrets.kept(response.headers)
    sent = await (_whole(question, response) if status == _OK else _said(question, response))
    body, masked = secrets.mask(sent)
    if refusal := _refusal(question, Reply(status, headers, body)):
        raise refused(question, refusal, status, headers)
    if status == _OK:
        masked = masked or headers != response.headers
        return HttpResponse(status, headers, body, masked)
    wait = retry_after(headers, datetime.now(UTC))
    if status >= _SERVER_ERROR:
        raise TransientError(question, f"the server failed with {status}", status=status, wait=wait)
    if status == _TOO_MANY:
        raise SlowDownError(wait, status)
    if status == BANNED:
        raise BanError(_BAN_SECONDS if wait is None else wait)
    provider, url = question.provider, shown(question.url)
    if status == _NOT_FOUND:
        message = f"{question.about}: there is no such object (404): not published, or not yet"
        raise NotFoundError(message, provider=provider, url=url, status=status)
    if status in _BLOCKED:
        message = (
            f"{question.about}: refused for this place or caller ({status});"
            f" use another provider, or set {question.variable} to a server that answers"
        )
        raise BlockedError(message, provider=provider, url=url, status=status)
    message = f"{question.about}: answered {status}: {one_line(body) or 'without a word'}"
    raise RefusedError(message, provider=provider, url=url, status=status, body=body)


def _refusal(question: Request, reply: Reply) -> Refusal | None:
    """What the question's policy says of a reply; whatever it trips over is no answer."""
    if question.policy is None:
        return None
    try:
        return question.policy(reply)
    except Exception as error:
        raise BadAnswerError(
            f"{question.about}: the reply ({reply.status}) cannot be understood: {type(error).__name__};"
            f" check {question.variable}",
            provider=question.provider,
            url=shown(question.url),
            status=reply.status,
        ) from error


async def _whole(question: Request, response: aiohttp.ClientResponse) -> bytes:
    pieces: list[bytes] = []
    size = 0
    try:
        decode = decoder(response.headers.get("Content-Encoding", ""))
        async for chunk in response.content.iter_any():
            for piece in decode.feed(chunk):
                size += len(piece)
                if size > question.max_bytes:
                    raise _oversize(question, response.status)
                pieces.append(piece)
        decode.end()
    except ValueError as error:
        raise TransientError(question, f"the answer is not whole: {error}") from error
    return b"".join(pieces)


def _oversize(question: Request, status: int) -> OversizeError:
    words = f"the answer is larger than {question.max_bytes} bytes, which nothing asked for can be"
    url = shown(question.url)
    return OversizeError(f"{question.about}: {words}", provider=question.provider, url=url, status=status)


async def _said(question: Request, response: aiohttp.ClientResponse) -> bytes:
    """The body of an error, also so that the connection can be used again.

    Where the status alone says what to do, a body that does not come changes nothing, and without a policy nobody
    would look at it.
    """
    if response.status not in (_TOO_MANY, BANNED) and response.status < _SERVER_ERROR:
        return await _beginning(response)
    if question.policy is None:
        return b""
    with suppress(aiohttp.ClientError, TimeoutError):
        return await _beginning(response)
    return b""


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """What an error says, as far as it can be read: it is for people, and for codes in a short text."""
    body = b""
    with suppress(ValueError):
        decode = decoder(response.headers.get("Content-Encoding", ""))
        while len(body) < _ERROR_BYTES and (chunk := await response.content.readany()):
            for piece in decode.feed(chunk):
                body += piece
                if len(body) >= _ERROR_BYTES:
                    break
    return body[:_ERROR_BYTES]
