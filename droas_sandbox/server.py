"""One sandbox: Discord, a model, their control and a page, on one loopback port."""

from types import TracebackType
from typing import Any, Self

from aiohttp import web
from aiohttp.typedefs import Handler

from droas_sandbox import page
from droas_sandbox.clock import SandboxClock
from droas_sandbox.control.routes import Control
from droas_sandbox.control.seeds import plant
from droas_sandbox.control.stream import Stream
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.hub import Hub
from droas_sandbox.gateway.routes import Gateway
from droas_sandbox.model.routes import Model
from droas_sandbox.model.script import ModelScript
from droas_sandbox.rest.door import Door
from droas_sandbox.settings import SandboxSettings
from droas_sandbox.world.world import World

MAX_BODY_BYTES = 25 * 1024 * 1024
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Sandbox:
    """A running sandbox; an asynchronous context manager.

    Args:
        host: address to listen on.
        port: port; 0 takes a free one.
        settings: intervals, limits, buffers.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, settings: SandboxSettings | None = None
    ) -> None:
        self._host = host
        self._port = port
        self.clock = SandboxClock()
        self.faults = Faults(self.clock)
        self.world = World(settings or SandboxSettings(), self.clock)
        self.hub = Hub(self.world, self.faults)
        self.gateway = Gateway(self.hub)
        self.door = Door(self.world, self.faults)
        self.model = Model(self.faults)
        self._stream = Stream()
        self._runner: web.AppRunner | None = None
        self.world.listeners += [self.hub.tell, self._stream.tell]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self._host}:{self._port}"

    @property
    def api_base(self) -> str:
        """The base of Discord's REST interface."""
        return f"{self.url}/api/v10"

    @property
    def model_base(self) -> str:
        """The base of the model server."""
        return f"{self.url}/model/v1"

    def plant(self, document: dict[str, Any]) -> None:
        """Make a world from a document; raises SeedError and ValueError."""
        plant(self.world, document)
        if "model" in document:
            self.model.script = ModelScript.from_document(document["model"])

    async def __aenter__(self) -> Self:
        """Listen."""
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_only_named_hosts])
        control = Control(self.world, self.gateway, self.door, self.faults, self._stream)
        app.add_routes([web.get("/gateway", self.gateway.serve), web.get("/gateway/", self.gateway.serve)])
        app.add_routes(self.door.routes())
        app.add_routes(control.routes())
        app.add_routes(self.model.routes())
        app.add_routes(page.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop: everybody is dropped."""
        self._stream.stop()
        await self.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()


@web.middleware
async def _only_named_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse the control interface to pages that reach it under a foreign name (DNS rebinding)."""
    name = request.host.rpartition(":")[0] or request.host
    if request.path.startswith("/sandbox") and name not in _LOOPBACK:
        return web.Response(status=403, text="the control interface is for this machine only")
    return await handler(request)
