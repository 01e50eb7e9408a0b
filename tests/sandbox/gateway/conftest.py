"""A raw gateway client: frames in, frames out, nothing done by itself."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from droas_sandbox.server import Sandbox

ALL_INTENTS = 3276799
Frame = dict[str, Any]


@dataclass(kw_only=True)
class Wire:
    """One WebSocket to the gateway, with or without a zlib stream.

    Args:
        seen: every frame that came, oldest first.
        sizes: sizes of the compressed messages.
    """

    socket: aiohttp.ClientWebSocketResponse
    inflate: Any = None
    seen: list[Frame] = field(default_factory=list)
    close_code: int | None = None

    async def send(self, op: int, data: Any = None) -> None:
        """Send a payload."""
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def next(self, timeout_s: float = 2.0) -> Frame | None:
        """Give the next frame; None when the server has closed."""
        message = await self.socket.receive(timeout=timeout_s)
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
            self.close_code = self.socket.close_code
            return None
        if message.type is aiohttp.WSMsgType.BINARY:
            assert message.data.endswith(b"\x00\x00\xff\xff")
            text = self.inflate.decompress(message.data).decode()
        else:
            text = message.data
        frame: Frame = json.loads(text)
        assert frame.keys() == {"op", "d", "s", "t"}
        self.seen.append(frame)
        return frame

    async def until(self, wanted: str | int, timeout_s: float = 2.0) -> Frame:
        """Read until a dispatch of this name, or a frame with this opcode, and give it."""
        async with asyncio.timeout(timeout_s):
            while True:
                frame = await self.next(timeout_s)
                assert frame is not None, f"closed with {self.close_code} while waiting for {wanted}"
                if wanted in (frame["t"], frame["op"] if frame["op"] != 0 else None):
                    return frame

    async def closed(self, timeout_s: float = 3.0) -> int | None:
        """Read until the server closes and give its code."""
        async with asyncio.timeout(timeout_s):
            while await self.next(timeout_s) is not None:
                pass
        return self.close_code

    async def rest(self) -> list[Frame]:
        """Give what has come before the answer to a heartbeat: all that was on its way."""
        start = len(self.seen)
        await self.send(1, None)
        await self.until(11)
        return self.seen[start:-1]

    async def names(self) -> list[str]:
        """Give the names of the dispatches that were on their way."""
        return [frame["t"] for frame in await self.rest() if frame["op"] == 0]

    async def identify(self, token: str, intents: int = ALL_INTENTS, **more: Any) -> Frame:
        """Identify and give READY."""
        properties = {"os": "linux", "browser": "raw", "device": "raw"}
        await self.send(2, {"token": token, "intents": intents, "properties": properties, **more})
        return await self.until("READY")


Dial = Callable[..., Awaitable[Wire]]


@pytest.fixture
async def dial(session: aiohttp.ClientSession) -> AsyncIterator[Dial]:
    """Give a maker of connections that have had their HELLO."""
    made: list[Wire] = []

    async def connect(sandbox: Sandbox, *, compress: bool = False, hello: bool = True, **query: str) -> Wire:
        asked = {"v": "10", "encoding": "json", **({"compress": "zlib-stream"} if compress else {}), **query}
        socket = await session.ws_connect(f"{sandbox.url}/gateway", params=asked, autoclose=True)
        wire = Wire(socket=socket, inflate=zlib.decompressobj() if compress else None)
        made.append(wire)
        if hello:
            first = await wire.next()
            assert first is not None
            assert first["op"] == 10
        return wire

    yield connect
    for wire in made:
        await wire.socket.close()
