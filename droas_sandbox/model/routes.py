"""The model over HTTP, and what steers it."""

import itertools
import time
from typing import Any

from aiohttp import web

from droas_sandbox.faults import Faults
from droas_sandbox.model.checks import ModelError, check_key, check_request, decode
from droas_sandbox.model.delivery import Delivery
from droas_sandbox.model.journal import Entry, Journal
from droas_sandbox.model.script import ModelScript, decide

Json = dict[str, Any]
MAX_BODY_BYTES = 4 * 1024 * 1024


class Model:
    """Serves one scripted model.

    Args:
        faults: what goes wrong.
    """

    def __init__(self, faults: Faults) -> None:
        self.script = ModelScript()
        self.journal = Journal()
        self._faults = faults
        self._numbers = itertools.count(1)

    def routes(self) -> list[web.RouteDef]:
        """Give the model's routes and those that steer it."""
        return [
            web.get("/model/v1/models", self._models),
            web.post("/model/v1/chat/completions", self._complete),
            web.route("*", "/model/{rest:.*}", self._unknown),
            web.get("/sandbox/model/requests", self._requests),
            web.get("/sandbox/model/script", self._get_script),
            web.put("/sandbox/model/script", self._put_script),
        ]

    async def _models(self, request: web.Request) -> web.Response:
        try:
            check_key(self.script, request.headers.get("Authorization", ""))
        except ModelError as error:
            return _refusal(error)
        listed = [
            {"id": name, "object": "model", "created": 0, "owned_by": "sandbox"}
            for name in self.script.models
        ]
        return web.json_response({"object": "list", "data": listed})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        entry = self.journal.open(time.time(), request.headers)
        try:
            check_key(self.script, request.headers.get("Authorization", ""))
            body = check_request(self.script, await _read(request, entry))
        except ModelError as error:
            entry.answered(error.status)
            return _refusal(error)
        reply = decide(self.script, body)
        entry.decided(reply)
        return await Delivery(request, body, entry, self._faults).run(reply, next(self._numbers))

    async def _unknown(self, request: web.Request) -> web.Response:
        return _refusal(ModelError(404, f"Invalid URL ({request.method} /{request.match_info['rest']})"))

    async def _requests(self, _request: web.Request) -> web.Response:
        return web.json_response(self.journal.shown())

    async def _get_script(self, _request: web.Request) -> web.Response:
        return web.json_response(self.script.document)

    async def _put_script(self, request: web.Request) -> web.Response:
        try:
            self.script = ModelScript.from_document(await request.json())
        except (ValueError, TypeError) as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.json_response({"rules": len(self.script.rules)})


def _refusal(error: ModelError) -> web.Response:
    return web.json_response(error.body, status=error.status)


async def _read(request: web.Request, entry: Entry) -> Any:
    """Read a body within its bounds."""
    raw = b""
    async for part in request.content.iter_chunked(64 * 1024):
        raw += part
        if len(raw) > MAX_BODY_BYTES:
            raise ModelError(413, f"The body has more than {MAX_BODY_BYTES} bytes.")
    body = decode(raw)
    entry.read(raw, body)
    return body
