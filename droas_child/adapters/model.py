"""The door to the language model: an OpenAI-compatible service over HTTP.

httpx's read timeout never fires while a server keeps the line busy, so the clocks are our own: until the
answer begins, between two pieces of it, and for the whole.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

import httpx

from droas_child.core.failures import Failure, of_status
from droas_child.core.sse import EventParser, EventTooLargeError
from droas_child.ports import ModelFailedError
from droas_common.settings import LlmSettings
from droas_common.wire.calls import Json

MAX_ANSWER_BYTES = 1024 * 1024
"""Bytes of one answer on the wire, unpacked."""

MAX_ERROR_BYTES = 16 * 1024
_DONE = "[DONE]"


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

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    async def stream(self, messages: Sequence[Json], tools: Sequence[Json]) -> AsyncGenerator[Any, None]:
        """Give the chunks of one answer as they come; raises ModelFailedError."""
        settings = self._settings
        try:
            async with asyncio.timeout(settings.total_timeout_s):
                body = await self._body(messages, tools)
                request = self._http().build_request("POST", f"{self._base}/chat/completions", json=body)
                async with asyncio.timeout(settings.first_token_timeout_s):
                    response = await self._http().send(request, stream=True)
                try:
                    async for chunk in self._chunks(response):
                        yield chunk
                finally:
                    await response.aclose()
        except TimeoutError:
            raise ModelFailedError(Failure.SLOW, "the model did not answer in time") from None
        except httpx.HTTPError as error:
            raise ModelFailedError(
                Failure.BROKEN, f"the model cannot be reached: {type(error).__name__}"
            ) from error

    async def _chunks(self, response: httpx.Response) -> AsyncIterator[Any]:
        if response.status_code != httpx.codes.OK:
            raise await _refusal(response)
        if "text/event-stream" not in response.headers.get("content-type", ""):
            yield _decoded(await _read(response, MAX_ANSWER_BYTES))
            return
        finished = False
        async for data in self._events(response):
            if data == _DONE:
                return
            chunk = _decoded(data.encode())
            yield chunk
            finished = finished or _is_finished(chunk)
        if not finished:
            raise ModelFailedError(Failure.BROKEN, "the model broke off in the middle of its answer")

    async def _events(self, response: httpx.Response) -> AsyncIterator[str]:
        """Give the events of a stream, each within its time; comments do not wind the clock up."""
        parser, received = EventParser(), 0
        stream = response.aiter_bytes()
        allowed_s = self._settings.first_token_timeout_s
        while True:
            events: list[str] = []
            async with asyncio.timeout(allowed_s):
                while not events:
                    part = await anext(stream, None)
                    if part is None:
                        break
                    received += len(part)
                    events = _fed(parser, part, received)
            for event in events or parser.finish():
                yield event
            if not events:
                return
            allowed_s = self._settings.idle_timeout_s

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
        response = await self._http().get(f"{self._base}/models")
        if response.status_code != httpx.codes.OK:
            raise await _refusal(response)
        try:
            self._name = str(response.json()["data"][0]["id"])
        except (ValueError, LookupError, TypeError):
            raise ModelFailedError(
                Failure.REFUSED, "the service lists no models; set llm_config.model"
            ) from None
        return self._name

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            settings = self._settings
            key = settings.api_key.get_secret_value()
            self._client = httpx.AsyncClient(
                headers={"Authorization": f"Bearer {key}"},
                timeout=httpx.Timeout(settings.total_timeout_s, connect=settings.connect_timeout_s),
                trust_env=False,
            )
        return self._client


def _fed(parser: EventParser, part: bytes, received: int) -> list[str]:
    if received > MAX_ANSWER_BYTES:
        raise ModelFailedError(Failure.BROKEN, f"the answer has more than {MAX_ANSWER_BYTES} bytes")
    try:
        return parser.feed(part)
    except EventTooLargeError as error:
        raise ModelFailedError(Failure.BROKEN, str(error)) from error


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ModelFailedError(Failure.BROKEN, "the model sent something that is not JSON") from None


def _is_finished(chunk: Any) -> bool:
    choices = chunk.get("choices") if isinstance(chunk, dict) else None
    return bool(choices and isinstance(choices[0], dict) and choices[0].get("finish_reason"))


async def _read(response: httpx.Response, limit: int) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > limit:
            raise ModelFailedError(Failure.BROKEN, f"the answer has more than {limit} bytes")
    return body


async def _refusal(response: httpx.Response) -> ModelFailedError:
    """Class an answer that is no success; its words go to the log only."""
    try:
        error = json.loads(await _read(response, MAX_ERROR_BYTES)).get("error")
        code = str(error.get("code") or error.get("type") or "") if isinstance(error, dict) else ""
    except (ValueError, AttributeError, httpx.HTTPError, ModelFailedError):
        code = ""
    wait = response.headers.get("retry-after", "")
    return ModelFailedError(
        of_status(response.status_code, code),
        f"the model's service answered {response.status_code} {code}".rstrip(),
        retry_after_s=float(wait) if wait.isdigit() else None,
    )
