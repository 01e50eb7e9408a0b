"""Where clients connect, and faults that strike those who are connected."""

import asyncio

from aiohttp import web

from droas_sandbox.faults import Fault
from droas_sandbox.gateway.connection import Connection
from droas_sandbox.gateway.hub import Hub

_AT_ONCE = frozenset({"drop", "close", "reconnect", "invalid_session"})


class Gateway:
    """All connections.

    Args:
        hub: all sessions.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._connections: dict[str, Connection] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one client."""
        if self.hub.faults.take("refuse"):
            return web.Response(status=503, text="upstream connect error")
        connection = Connection(self.hub, request, f"ws://{request.host}")
        self._connections[connection.id] = connection
        try:
            return await connection.run()
        finally:
            del self._connections[connection.id]

    def strike(self, fault: Fault) -> int:
        """Let a fault of the gateway happen now to those it matches; gives how many it hit."""
        if fault.kind not in _AT_ONCE or fault.options.get("on") == "identify":
            return 0
        hit = 0
        for connection in list(self._connections.values()):
            if not fault.matches({"bot_id": connection.bot_id}):
                continue
            hit += 1
            if fault.kind == "drop":
                connection.drop()
            elif fault.kind == "close":
                connection.close(int(fault.options.get("code", 4000)))
            elif fault.kind == "reconnect":
                task = asyncio.create_task(connection.reconnect(), name=f"reconnect-{connection.id}")
                self._farewells.add(task)
                task.add_done_callback(self._farewells.discard)
            else:
                self._invalidate(connection, resumable=bool(fault.options.get("resumable")))
        return hit

    async def stop(self) -> None:
        """Drop everybody."""
        for task in self._farewells:
            task.cancel()
        for connection in list(self._connections.values()):
            connection.drop()

    def _invalidate(self, connection: Connection, *, resumable: bool) -> None:
        if connection.session is not None and not resumable:
            self.hub.end(connection.session)
        connection.send(9, data=resumable)
