"""One sandbox: Discord, a model, their control and a page, on one loopback port."""

from types import TracebackType
from typing import Any, Self

from aiohttp import web

from droas_sandbox import page
from droas_sandbox.clock import SandboxClock
from droas_sandbox.control.guard import LOOPBACK, guard
from droas_sandbox.control.routes import Control
from droas_sandbox.control.seeds import check, plant
from droas_sandbox.control.stream import Stream
from droas_sandbox.faults import Faults
from droas_sandbox.gateway.hub import Hub
from droas_sandbox.gateway.routes import Gateway
from droas_sandbox.model.routes import Model
from droas_sandbox.model.script import ModelScript
from droas_sandbox.rest.door import Door
from droas_sandbox.settings import SandboxSettings
from droas_sandbox.world.state import Event
from droas_sandbox.world.world import World

MAX_BODY_BYTES = 25 * 1024 * 1024


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
        self._stream = Stream(self.world)
        self._runner: web.AppRunner | None = None
        self.world.listeners += [self.hub.tell, self._stream.tell]

    @property
    def _name(self) -> str:
        return f"[{self._host}]" if ":" in self._host else self._host

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self._name}:{self._port}"

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
        script = ModelScript.from_document(check(document).get("model", {}))
        plant(self.world, document)
        if "model" in document:
            self.model.script = script

    def reset(self) -> None:
        """Forget everything: the world, sessions, faults, limits, the clock's offset."""
        self.hub.reset()
        self.world.reset()
        self.faults.clear()
        self.door.reset()
        self.clock.offset_s = 0.0
        self.world.emit(Event(name="reset", data={}))

    async def __aenter__(self) -> Self:
        """Listen."""
        local = self._name in LOOPBACK
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[guard(any_host=not local)])
        control = Control(
            world=self.world,
            gateway=self.gateway,
            door=self.door,
            faults=self.faults,
            stream=self._stream,
            plant=self.plant,
            reset=self.reset,
        )
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
        self.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
