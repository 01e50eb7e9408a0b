"""One answer on its way to a client, with whatever goes wrong on that way."""

import asyncio
import time
from typing import Any

from aiohttp import web

from droas_sandbox.faults import Fault, Faults
from droas_sandbox.model.journal import Entry
from droas_sandbox.model.script import Reply
from droas_sandbox.model.stream import DONE, Stamp, chunks, completion, event

Json = dict[str, Any]
_ALIVE = b": keep-alive\n\n"
_GARBAGE = b"data: {not json\n\n"
_HANG_S = 60.0
_ALIVE_EVERY_S = 0.05


class Delivery:
    """Answers one request that was found good.

    Faults, each taken at most once by a request; all match on `model` and `stream`:

    - `model_error`: `status` (500), `body` (an error object, or any text), `headers`; in a stream with
      `after_chunks` the body comes as an event behind so many chunks, and nothing behind it;
    - `model_hang`: nothing comes for `seconds` (or `for_s`, or 60), then the answer;
    - `model_comments`: SSE comments between the chunks, and for `seconds` before the first one;
    - `model_drip`: `interval_s` (1) between two chunks;
    - `model_garbage`: one event that is no JSON, after the first chunk;
    - `model_cut`: the connection is cut after `after_chunks` (3) chunks.

    Args:
        request: the HTTP request.
        body: what it asks.
        entry: its place in the journal.
        faults: what goes wrong.
    """

    def __init__(self, request: web.Request, body: Json, entry: Entry, faults: Faults) -> None:
        self._request = request
        self._body = body
        self._entry = entry
        self._faults = faults

    async def run(self, reply: Reply, number: int) -> web.StreamResponse:
        """Deliver a reply; `number` makes its id."""
        error = self._take("model_error")
        if error is not None and not (self._body.get("stream") and "after_chunks" in error.options):
            return self._fail(error)
        hang = self._take("model_hang")
        try:
            await asyncio.sleep(_hang_s(hang) if hang is not None else reply.delay_s)
            stamp = Stamp(id=f"chatcmpl-{number}", created=int(time.time()))
            self._entry.answered(200)
            if not self._body.get("stream"):
                return web.json_response(completion(self._body, reply, stamp))
            return await self._stream(reply, stamp, error)
        except (ConnectionResetError, asyncio.CancelledError):
            self._entry.aborted()
            raise

    def _fail(self, error: Fault) -> web.Response:
        status, body = int(error.options.get("status", 500)), _error_body(error)
        headers = {str(key): str(value) for key, value in error.options.get("headers", {}).items()}
        self._entry.answered(status)
        if isinstance(body, str):
            return web.Response(status=status, text=body, headers=headers)
        return web.json_response(body, status=status, headers=headers)

    async def _stream(self, reply: Reply, stamp: Stamp, error: Fault | None) -> web.StreamResponse:
        drip, cut = self._take("model_drip"), self._take("model_cut")
        garbage, comments = self._take("model_garbage"), self._take("model_comments")
        pause_s = float(drip.options.get("interval_s", 1)) if drip is not None else reply.pause_s
        length = int(cut.options.get("after_chunks", 3)) if cut is not None else None
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
        )
        await response.prepare(self._request)
        if comments is not None:
            await _keep_alive(response, float(comments.options.get("seconds", 0)))
        for index, chunk in enumerate(chunks(self._body, reply, stamp)):
            if index == length:
                return self._cut(response)
            if error is not None and index == error.options["after_chunks"]:
                await response.write(event(_error_body(error)))
                return response
            await response.write((_ALIVE if comments is not None else b"") + event(chunk))
            if garbage is not None and index == 0:
                await response.write(_GARBAGE)
            if pause_s:
                await asyncio.sleep(pause_s)
        await response.write(DONE)
        return response

    def _cut(self, response: web.StreamResponse) -> web.StreamResponse:
        if self._request.transport is not None:
            self._request.transport.close()  # what was written goes out, the end of the body never does
        return response

    def _take(self, kind: str) -> Fault | None:
        facts = {"model": self._body["model"], "stream": bool(self._body.get("stream"))}
        fault = self._faults.take(kind, **facts)
        if fault is not None:
            self._entry.struck(kind)
        return fault


def _error_body(error: Fault) -> Any:
    kind = "server_error" if int(error.options.get("status", 500)) >= 500 else "invalid_request_error"
    words = {"message": "The server had an error.", "type": kind, "param": None, "code": None}
    return error.options.get("body", {"error": words})


def _hang_s(hang: Fault) -> float:
    return float(hang.options.get("seconds", hang.options.get("for_s", _HANG_S)))


async def _keep_alive(response: web.StreamResponse, seconds: float) -> None:
    """Send comments for so long, as routers do while a provider thinks."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        await response.write(_ALIVE)
        await asyncio.sleep(_ALIVE_EVERY_S)
