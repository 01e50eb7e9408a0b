"""Answers that go on: JSON, a line each, for as long as the reader stays and keeps up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from http import HTTPStatus
from typing import Any

from aiohttp import web

from droas_common.wire.frames import encode
from droas_mother.core.answers.admin_answers import Refusal

MAX_STREAMS = 32
WRITE_DEADLINE_S = 10.0
"""A reader that takes nothing for so long is left."""


class Streams:
    """Counts the answers that go on.

    Args:
        most: how many there may be.
    """

    def __init__(self, most: int = MAX_STREAMS) -> None:
        self._most = most
        self.open = 0

    async def send(self, request: web.Request, batches: AsyncGenerator[list[Any]]) -> web.StreamResponse:
        """Send batches as they come; an empty one is sent as an empty line."""
        if self.open >= self._most:
            body = encode(Refusal(error=f"{self._most} streams are open already; end one of them"))
            return web.Response(
                status=HTTPStatus.SERVICE_UNAVAILABLE, body=body, content_type="application/json"
            )
        self.open += 1
        try:
            async with aclosing(batches):
                return await _send(request, batches)
        finally:
            self.open -= 1


async def _send(request: web.Request, batches: AsyncGenerator[list[Any]]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    past = await anext(batches)  # it listens from here on: who sees our head can miss nothing
    await response.prepare(request)
    with suppress(ConnectionError, TimeoutError):  # the reader has gone, or takes nothing
        await _write(response, past)
        async for batch in batches:
            await _write(response, batch)
        await response.write_eof()
        return response
    if request.transport is not None:
        request.transport.abort()
    return response


async def _write(response: web.StreamResponse, batch: list[Any]) -> None:
    async with asyncio.timeout(WRITE_DEADLINE_S):
        await response.write(b"".join(encode(one) + b"\n" for one in batch) or b"\n")
