"""The admin interface: HTTP/JSON on a Unix socket for droasctl, health and metrics on loopback TCP.

On the Unix socket the kernel tells the peer's uid; only the mother's own user and root may speak. The TCP
side only reads: /health, /ready, /metrics.
"""

import os
import socket
import struct
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from droas_common.logs import log
from droas_common.wire.frames import encode

MAX_BODY_BYTES = 64 * 1024
_PEERCRED = struct.Struct("3i")

Answer = tuple[int, Any]


class Desk(Protocol):
    """What answers; every method gives an HTTP status and a JSON value."""

    def health(self) -> Answer:
        """Say whether the mother is alive."""
        ...

    def ready(self) -> Answer:
        """Say whether every wanted bot is ready."""
        ...

    def metrics(self) -> bytes:
        """Give the metrics."""
        ...

    def bots(self) -> Answer:
        """List the bots."""
        ...

    def bot(self, name: str) -> Answer:
        """Describe one bot."""
        ...

    def logs(self, name: str, count: int) -> Answer:
        """Give a bot's newest log records."""
        ...

    async def audit(self, count: int, kind: str | None) -> Answer:
        """Give the newest decisions."""
        ...

    async def command(self, name: str, verb: str, *, uid: int, wait_s: float) -> Answer:
        """Start, stop or restart a bot."""
        ...


class HttpServer:
    """Serves one desk on a Unix socket and on a TCP port.

    Args:
        desk: answers.
        socket_path: where the Unix socket is made, mode 0600.
        host: TCP address.
        port: TCP port, 0 for a free one.
    """

    def __init__(self, desk: Desk, *, socket_path: Path, host: str, port: int) -> None:
        self._desk = desk
        self._socket_path = socket_path
        self._host = host
        self._port = port
        self._runners: list[web.AppRunner] = []

    @property
    def port(self) -> int:
        """The TCP port in use."""
        return self._port

    async def start(self) -> None:
        """Listen on both; raises OSError when the TCP port is taken."""
        public = web.Application(client_max_size=MAX_BODY_BYTES)
        public.add_routes(self._public_routes())
        runner = await self._run(public)
        site = web.TCPSite(runner, self._host, self._port)
        await site.start()
        self._port = runner.addresses[0][1]
        admin = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_only_own_user])
        admin.add_routes(self._public_routes() + self._admin_routes())
        runner = await self._run(admin)
        self._socket_path.unlink(missing_ok=True)
        await web.UnixSite(runner, str(self._socket_path)).start()
        self._socket_path.chmod(0o600)

    async def stop(self) -> None:
        """Stop listening and let running answers end."""
        for runner in self._runners:
            await runner.cleanup()
        self._socket_path.unlink(missing_ok=True)

    async def _run(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        self._runners.append(runner)
        return runner

    def _public_routes(self) -> list[web.RouteDef]:
        async def health(_request: web.Request) -> web.Response:
            return _json(self._desk.health())

        async def ready(_request: web.Request) -> web.Response:
            return _json(self._desk.ready())

        async def metrics(_request: web.Request) -> web.Response:
            return web.Response(
                body=self._desk.metrics(), headers={"Content-Type": "text/plain; version=0.0.4"}
            )

        return [web.get("/health", health), web.get("/ready", ready), web.get("/metrics", metrics)]

    def _admin_routes(self) -> list[web.RouteDef]:
        async def bots(_request: web.Request) -> web.Response:
            return _json(self._desk.bots())

        async def bot(request: web.Request) -> web.Response:
            return _json(self._desk.bot(request.match_info["name"]))

        async def logs(request: web.Request) -> web.Response:
            return _json(self._desk.logs(request.match_info["name"], _count(request, 50)))

        async def audit(request: web.Request) -> web.Response:
            return _json(await self._desk.audit(_count(request, 20), request.query.get("kind")))

        async def command(request: web.Request) -> web.Response:
            name, verb = request.match_info["name"], request.match_info["verb"]
            wait_s = min(float(_count(request, 0, key="wait_s")), 120.0)
            return _json(await self._desk.command(name, verb, uid=_peer_uid(request), wait_s=wait_s))

        return [
            web.get("/v1/bots", bots),
            web.get("/v1/bots/{name}", bot),
            web.get("/v1/bots/{name}/logs", logs),
            web.post("/v1/bots/{name}/{verb:start|stop|restart}", command),
            web.get("/v1/audit", audit),
        ]


@web.middleware
async def _only_own_user(request: web.Request, handler: Handler) -> web.StreamResponse:
    uid = _peer_uid(request)
    if uid not in (0, os.geteuid()):
        log.warning("admin_peer_refused", uid=uid)
        return _json((403, {"error": f"uid {uid} may not command this mother"}))
    return await handler(request)


def _peer_uid(request: web.Request) -> int:
    """Give the uid of the process at the other end, as the kernel tells it; -1 when it does not."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is None:
        return -1
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
    return int(_PEERCRED.unpack(raw)[1])


def _count(request: web.Request, default: int, *, key: str = "count") -> int:
    text = request.query.get(key, "")
    return min(int(text), 1000) if text.isdigit() and len(text) < 6 else default


def _json(answer: Answer) -> web.Response:
    status, value = answer
    return web.Response(status=status, body=encode(value), content_type="application/json")
