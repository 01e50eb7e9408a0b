"""Where clients connect, and faults that strike those who are connected."""

from aiohttp import web

from droas_sandbox.faults import Fault
from droas_sandbox.gateway.connection import Connection
from droas_sandbox.gateway.dialogue import AT_ONCE
from droas_sandbox.gateway.hub import Hub


class Gateway:
    """All connections.

    Args:
        hub: all sessions.
    """

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._connections: dict[str, Connection] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one client."""
        if self.hub.faults.take("refuse"):
            return web.Response(status=503, text="upstream connect error", headers={"Via": "1.1 google"})
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=426, text="this is a WebSocket", headers={"Upgrade": "websocket"})
        connection = Connection(self.hub, request, f"ws://{request.host}")
        self._connections[connection.id] = connection
        try:
            return await connection.run()
        finally:
            del self._connections[connection.id]

    def strike(self, fault: Fault) -> int:
        """Let a fault happen now to those who are connected and whom it matches; gives how many it hit.

        A fault with a number of times hits no more than that; with `"on"` it waits for those who
        come: `connect` is before HELLO, `identify` after it.
        """
        if fault.kind not in AT_ONCE or "on" in fault.options:
            return 0
        hit = 0
        for connection in list(self._connections.values()):
            if not fault.matches({"bot_id": connection.bot_id or ""}):
                continue
            if fault.options.get("times") is not None and hit >= int(fault.options["times"]):
                break
            hit += 1
            connection.suffer(fault)
        return hit

    def stop(self) -> None:
        """Drop everybody."""
        for connection in list(self._connections.values()):
            connection.drop()
