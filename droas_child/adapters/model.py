"""The door to the language model: an OpenAI-compatible service over HTTP.

httpx's read timeout never fires while a server keeps the line busy, so the clocks are our own: until the
answer begins, between two pieces of it, and for the whole.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, cast

import httpx

from droas_child.core.completion import finish_reason_of, is_error, is_progress
from droas_child.core.failures import Failure, of_status, read_error, retry_after_s
from droas_child.core.sse import EventParser, EventTooLargeError
from droas_child.ports import ModelFailedError
from droas_common.settings import LlmSettings
from droas_common.wire.calls import Json

MAX_ANSWER_BYTES = 1024 * 1024
"""Bytes of one answer that comes whole, unpacked."""

MAX_STREAM_BYTES = 8 * 1024 * 1024
"""The same of a streamed one: 32,000 tokens, of which servers wrap each into 250 bytes."""

MAX_ERROR_BYTES = 16 * 1024
_KEY_REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
_DONE = "[DONE]"
_BREATH_S = 0.01
"""After so long others have their turn on the loop, time-outs too; what has arrived already never waits for it."""

_PIECE_BYTES = 16 * 1024
"""What is read at once; a few packed bytes may stand for a million events."""

_AFTER_END_S = 1.0
"""A server may count tokens for so long behind the last word."""

_TLS = httpx.create_ssl_context(trust_env=False)
"""Read once, before the children are forked: a context with all the authorities costs a child 3 MiB and 20 ms."""


class _Clock:
    """Until when the next piece of an answer must have come; comments and empty chunks do not wind it up."""

    def __init__(self, settings: LlmSettings) -> None:
        self._now = asyncio.get_running_loop().time
        self._idle_s = settings.idle_timeout_s
        self._whole_at = self._now() + settings.total_timeout_s
        self._next_at = self._now() + settings.first_token_timeout_s

    def limit(self) -> asyncio.Timeout:
        """Bound what is awaited in this context."""
        return asyncio.timeout_at(min(self._whole_at, self._next_at))

    def note_progress(self) -> None:
        """Begin the time until the next piece."""
        self._next_at = self._now() + self._idle_s

    def note_end(self) -> None:
        """Begin the time until the server has told all."""
        self._next_at = self._now() + _AFTER_END_S


class HttpModel:
    """Asks one service.

    Args:
        settings: the service.
    """

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._base = str(settings.base_url).rstrip("/")
        self._name = settings.model
        self._client: httpx.AsyncClient | None = None

    def take(self, settings: LlmSettings) -> None:
        """Ask with these settings from the next request on; address and key stay as they are."""
        if settings.model != self._settings.model:
            self._name = settings.model
        self._settings = settings

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def reachable(self) -> bool:
        """Say whether the service answers and takes our key; one that lists no models may still be well."""
        try:
            async with asyncio.timeout(
                self._settings.connect_timeout_s + self._settings.first_token_timeout_s
            ):
                request = self._http().build_request("GET", f"{self._base}/models")
                response = await self._http().send(request, stream=True)
                await response.aclose()
        except (TimeoutError, httpx.HTTPError):
            return False
        return (
            response.status_code < httpx.codes.INTERNAL_SERVER_ERROR
            and response.status_code not in _KEY_REFUSED
        )

    async def stream(self, messages: Sequence[Json], tools: Sequence[Json]) -> AsyncGenerator[Any, None]:
        """Give the chunks of one answer as they come; raises ModelFailedError."""
        clock = _Clock(self._settings)
        try:
            async with clock.limit():
                body = await self._body(messages, tools)
                request = self._http().build_request("POST", f"{self._base}/chat/completions", json=body)
                response = await self._http().send(request, stream=True)
            try:
                async with aclosing(self._chunks(response, clock)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                await response.aclose()
        except TimeoutError:
            raise ModelFailedError(Failure.SLOW, "the model did not answer in time") from None
        except httpx.HTTPError as error:
            raise ModelFailedError(
                Failure.BROKEN, f"the model cannot be reached: {type(error).__name__}"
            ) from error

    async def _chunks(self, response: httpx.Response, clock: _Clock) -> AsyncGenerator[Any, None]:
        """Give the answer as chunks, in whichever form it comes."""
        if response.status_code != httpx.codes.OK:
            async with clock.limit():
                raise await _refusal(response)
        if "json" in response.headers.get("content-type", ""):
            async with clock.limit():
                whole = await _read(response, MAX_ANSWER_BYTES)
            yield _decoded(whole)
            return
        async with aclosing(_streamed(response, clock)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _body(self, messages: Sequence[Json], tools: Sequence[Json]) -> Json:
        settings = self._settings
        body: Json = {
            "model": self._name or await self._first_model(),
            "messages": list(messages),
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": settings.max_tokens,
        }
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        if tools:
            body["tools"] = list(tools)
        return body

    async def _first_model(self) -> str:
        """Ask the service for its models once and take the first."""
        request = self._http().build_request("GET", f"{self._base}/models")
        response = await self._http().send(request, stream=True)
        try:
            if response.status_code != httpx.codes.OK:
                raise await _refusal(response)
            listed = json.loads(await _read(response, MAX_ANSWER_BYTES))
            self._name = str(listed["data"][0]["id"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise ModelFailedError(
                Failure.REFUSED, "the service lists no models; set llm_config.model"
            ) from None
        finally:
            await response.aclose()
        return self._name

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            settings = self._settings
            key = settings.api_key.get_secret_value()
            self._client = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {key}"},
                timeout=httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s),
                trust_env=False,
                verify=_TLS,
            )
        return self._client


async def _streamed(response: httpx.Response, clock: _Clock) -> AsyncGenerator[Any, None]:
    """Give the chunks of a stream; one that breaks off before its end is a failure."""
    finished = False
    try:
        async with aclosing(_events(response, clock)) as events:
            async for data in events:
                if data == _DONE:
                    break
                chunk = _decoded(data)
                yield chunk
                if is_error(chunk):
                    return
                if finish_reason_of(chunk):
                    finished = True
                    clock.note_end()
                elif not finished and is_progress(chunk):
                    clock.note_progress()
    except (httpx.TransportError, TimeoutError):
        if not finished:
            raise  # behind the end, neither a missing farewell nor a cut line matters
    if not finished:
        raise ModelFailedError(Failure.BROKEN, "the model broke off in the middle of its answer")


async def _events(response: httpx.Response, clock: _Clock) -> AsyncGenerator[str, None]:
    """Give the data of the events of a stream, each within its time."""
    parser, received = EventParser(), 0
    async with aclosing(_parts(response)) as parts:
        while True:
            async with clock.limit():
                part = await anext(parts, None)
            if part is None:
                break
            received += len(part)
            for event in _fed(parser, part, received):
                yield event
    for event in parser.finish():
        yield event


def _fed(parser: EventParser, part: bytes, received: int) -> list[str]:
    if received > MAX_STREAM_BYTES:
        raise ModelFailedError(Failure.BROKEN, f"the answer has more than {MAX_STREAM_BYTES} bytes")
    try:
        return parser.feed(part)
    except EventTooLargeError as error:
        raise ModelFailedError(Failure.BROKEN, str(error)) from error


def _decoded(data: str | bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ModelFailedError(Failure.BROKEN, "the model sent something that is not JSON") from None


async def _read(response: httpx.Response, limit: int) -> bytes:
    body: list[bytes] = []
    received = 0
    async with aclosing(_parts(response)) as parts:
        async for part in parts:
            received += len(part)
            if received > limit:
                raise ModelFailedError(Failure.BROKEN, f"the answer has more than {limit} bytes")
            body.append(part)
    return b"".join(body)


async def _parts(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Give a body in small pieces as it comes, without keeping the loop for oneself."""
    now = asyncio.get_running_loop().time
    breathed_at = now()
    async with aclosing(cast("AsyncGenerator[bytes, None]", response.aiter_bytes())) as parts:
        async for part in parts:
            for start in range(0, len(part), _PIECE_BYTES):
                if now() - breathed_at > _BREATH_S:
                    await asyncio.sleep(0)
                    breathed_at = now()
                yield part[start : start + _PIECE_BYTES]


async def _refusal(response: httpx.Response) -> ModelFailedError:
    """Class an answer that is no success; its words go nowhere, its code to the log only."""
    try:
        code, message = read_error(json.loads(await _read(response, MAX_ERROR_BYTES)))
    except (ValueError, RecursionError, httpx.HTTPError, ModelFailedError):
        code, message = "", ""
    headers = response.headers
    return ModelFailedError(
        of_status(response.status_code, code, message),
        f"the model's service answered {response.status_code} {code}".rstrip(),
        retry_after_s=retry_after_s(headers.get("retry-after-ms", ""), headers.get("retry-after", "")),
    )
