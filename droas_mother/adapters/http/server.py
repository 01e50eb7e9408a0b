"""The admin interface: HTTP/JSON on a Unix socket for droasctl, health and metrics on loopback TCP.

On the Unix socket the kernel tells the peer's uid; only the mother's own user and root may speak. The TCP
side only reads: /health, /ready, /metrics.
"""

import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_common.wire.frames import encode
from droas_mother.adapters.http.asked import ParameterError, peer_uid, read, read_body
from droas_mother.adapters.http.desk import Desk
from droas_mother.adapters.http.openapi import PATH, document
from droas_mother.adapters.http.route import Route
from droas_mother.adapters.http.routes import ROUTES
from droas_mother.adapters.http.streams import Streams
from droas_mother.core.answers.admin_answers import Refusal

MAX_BODY_BYTES = 64 * 1024


class _WithoutBadRequests(logging.Filter):
    """Leaves out the tracebacks that the library writes for what is no HTTP: it was answered with 400."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a record is worth a line."""
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_quiet = _WithoutBadRequests()


class HttpServer:
    """Serves one desk on a Unix socket and on a TCP port.

    Args:
        desk: answers.
        socket_path: where the Unix socket is made, mode 0600.
        host: TCP address.
        port: TCP port, 0 for a free one.
        may_speak: whether a user may use the Unix socket.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        socket_path: Path,
        host: str,
        port: int,
        may_speak: Callable[[int], bool] = lambda uid: uid in (0, os.geteuid()),
    ) -> None:
        self._desk = desk
        self._socket_path = socket_path
        self._host = host
        self._port = port
        self._may_speak = may_speak
        self._runners: list[web.AppRunner] = []
        self._streams = Streams()
        logging.getLogger("aiohttp.server").addFilter(_quiet)

    @property
    def port(self) -> int:
        """The TCP port in use."""
        return self._port

    async def start(self) -> None:
        """Listen on both; raises OSError when the TCP port is taken, OutsideError when the socket cannot be made."""
        public = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_in_json])
        public.add_routes([self._served(route) for route in ROUTES if route.public])
        runner = await self._run(public)
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]
        admin = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_in_json, self._guard])
        admin.add_routes([*(self._served(route) for route in ROUTES), web.get(PATH, _describe)])
        runner = await self._run(admin)
        try:
            self._socket_path.unlink(missing_ok=True)
            await web.UnixSite(runner, str(self._socket_path)).start()
            self._socket_path.chmod(0o600)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise OutsideError(
                f"{self._socket_path}: droasctl's socket cannot be made there: {why}"
            ) from error

    async def stop(self) -> None:
        """Stop listening and let running answers end."""
        self._desk.close_streams()
        for runner in self._runners:
            await runner.cleanup()
        self._socket_path.unlink(missing_ok=True)

    async def _run(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        self._runners.append(runner)
        return runner

    def _served(self, route: Route) -> web.RouteDef:
        """Join a row of the table to the server."""

        async def handler(request: web.Request) -> web.StreamResponse:
            asked = read(request, route.parameters)
            if route.body is not None:
                asked = replace(asked, body=read_body(await request.read(), route.body))
            answer = route.handle(self._desk, asked)
            status, value = await answer if isinstance(answer, Awaitable) else answer
            if isinstance(value, AsyncGenerator):
                return await self._streams.send(request, value)
            if isinstance(value, bytes):
                return web.Response(body=value, headers={"Content-Type": "text/plain; version=0.0.4"})
            return _json(status, value)

        path = route.path
        for one in route.parameters:
            if one.place == "path" and one.choices:
                path = path.replace(f"{{{one.name}}}", f"{{{one.name}:{'|'.join(one.choices)}}}")
        # Probes may ask HEAD /health; a HEAD of a stream would never end.
        kwargs = {"allow_head": route.public} if route.method == "GET" else {}
        return web.RouteDef(route.method, path, handler, kwargs)

    @property
    def _guard(self) -> Any:
        """Let only those in who may speak."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            uid = peer_uid(request)
            if not self._may_speak(uid):
                log.warning("admin_peer_refused", uid=uid)
                return _json(HTTPStatus.FORBIDDEN, Refusal(error=f"uid {uid} may not command this mother"))
            return await handler(request)

        return guard


@web.middleware
async def _in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse in JSON, too: wrong parameters, unknown paths, wrong methods."""
    try:
        return await handler(request)
    except ParameterError as error:
        return _json(HTTPStatus.BAD_REQUEST, Refusal(error=str(error)))
    except web.HTTPRequestEntityTooLarge as error:
        words = f"{request.method} {request.path[:100]}: what is asked is too long, {MAX_BODY_BYTES} bytes at most"
        return _json(error.status, Refusal(error=words))
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        return _json(error.status, Refusal(error=f"{request.method} {request.path[:100]}: {error.reason}"))


async def _describe(_request: web.Request) -> web.Response:
    return _json(HTTPStatus.OK, document())


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=encode(value), content_type="application/json")
