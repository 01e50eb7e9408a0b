"""The model over HTTP, with faults."""

import asyncio
import json
import time
from collections import deque
from typing import Any

from aiohttp import web

from droas_sandbox.faults import Faults
from droas_sandbox.model.checks import ModelError, check_key, check_request
from droas_sandbox.model.script import ModelScript, Reply, decide
from droas_sandbox.model.stream import chunks, completion, event

Json = dict[str, Any]
MAX_BODY_BYTES = 4 * 1024 * 1024
KEPT_REQUESTS = 200


class Model:
    """Serves one scripted model.

    Args:
        faults: what goes wrong.
    """

    def __init__(self, faults: Faults) -> None:
        self.script = ModelScript()
        self.requests: deque[Json] = deque(maxlen=KEPT_REQUESTS)
        self._faults = faults
        self._count = 0

    def routes(self) -> list[web.RouteDef]:
        """Give the model's routes and those that steer it."""
        return [
            web.get("/model/v1/models", self._models),
            web.post("/model/v1/chat/completions", self._complete),
            web.get("/sandbox/model/requests", self._requests),
            web.put("/sandbox/model/script", self._put_script),
        ]

    async def _models(self, request: web.Request) -> web.Response:
        try:
            check_key(self.script, request.headers.get("Authorization", ""))
        except ModelError as error:
            return web.json_response(error.body, status=error.status)
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "sandbox"}
            for name in self.script.models
        ]
        return web.json_response({"object": "list", "data": listed})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        try:
            check_key(self.script, request.headers.get("Authorization", ""))
            body = await _read(request)
            check_request(self.script, body)
        except ModelError as error:
            return web.json_response(error.body, status=error.status)
        entry: Json = {"at": time.time(), "body": body, "aborted": False, "status": 200}
        self.requests.append(entry)
        fault = self._faults.take("model_error")
        if fault is not None:
            entry["status"] = int(fault.options.get("status", 500))
            shown = fault.options.get(
                "body", {"error": {"message": "The server had an error.", "type": "server_error"}}
            )
            return web.json_response(shown, status=entry["status"])
        return await self._answer(request, body, entry)

    async def _answer(self, request: web.Request, body: Json, entry: Json) -> web.StreamResponse:
        hang = self._faults.take("model_hang")
        reply = decide(self.script, body)
        self._count += 1
        completion_id, created = f"chatcmpl-{self._count}", int(time.time())
        try:
            await asyncio.sleep(float(hang.options.get("seconds", 60)) if hang else reply.delay_s)
            if not body.get("stream"):
                return web.json_response(completion(body, reply, completion_id, created))
            return await self._stream(request, body, reply, completion_id, created)
        except (ConnectionResetError, asyncio.CancelledError):
            entry["aborted"] = True
            raise

    async def _stream(
        self, request: web.Request, body: Json, reply: Reply, completion_id: str, created: int
    ) -> web.StreamResponse:
        drip = self._faults.take("model_drip")
        cut = self._faults.take("model_cut")
        garbage = self._faults.take("model_garbage")
        comments = self._faults.take("model_comments")
        pause_s = float(drip.options.get("interval_s", 1)) if drip else reply.pause_s
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        for index, chunk in enumerate(chunks(body, reply, completion_id, created)):
            if cut is not None and index >= int(cut.options.get("after_chunks", 3)):
                if request.transport is not None:
                    request.transport.abort()
                return response
            if comments is not None:
                await response.write(b": keep-alive\n\n")
            if garbage is not None and index == 1:
                await response.write(b"data: {not json\n\n")
            await response.write(event(chunk))
            if pause_s:
                await asyncio.sleep(pause_s)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _requests(self, _request: web.Request) -> web.Response:
        return web.json_response(list(self.requests))

    async def _put_script(self, request: web.Request) -> web.Response:
        try:
            self.script = ModelScript.from_document(await request.json())
        except ValueError as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.json_response({"rules": len(self.script.rules)})


async def _read(request: web.Request) -> Any:
    raw = await request.content.read(MAX_BODY_BYTES + 1)
    while not request.content.at_eof() and len(raw) <= MAX_BODY_BYTES:
        raw += await request.content.read(MAX_BODY_BYTES + 1 - len(raw))
    if len(raw) > MAX_BODY_BYTES:
        raise ModelError(413, "The body is too large.")
    try:
        return json.loads(raw)
    except ValueError:
        raise ModelError(400, "We could not parse the JSON body of your request.") from None
