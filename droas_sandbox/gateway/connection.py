"""One WebSocket connection of the gateway: frames in, frames out, from HELLO to its close.

Source: Discord API reference, Gateway; what payloads mean is in `dialogue.py`.
"""

import asyncio
import json
import secrets
import time
import zlib
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from droas_sandbox.faults import Fault
from droas_sandbox.gateway.closes import GatewayClose
from droas_sandbox.gateway.dialogue import AT_ONCE, Dialogue
from droas_sandbox.gateway.hub import Hub
from droas_sandbox.world.state import Json

MAX_PAYLOAD_BYTES = 4096
MAX_QUEUE = 20_000
"""Payloads waiting for one slow client; beyond them it is dropped."""

_SENDS_WINDOW_S = 60.0
_CLOSE_AFTER_RECONNECT_S = 5.0
_FAREWELL_S = 2.0
_OVER = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)


class Connection:
    """One client on the gateway.

    Args:
        hub: all sessions.
        request: the upgrade request.
        base: `ws://host:port`, for the resume address.
    """

    def __init__(self, hub: Hub, request: web.Request, base: str) -> None:
        self.id = secrets.token_hex(4)
        self._hub = hub
        self._settings = hub.world.settings
        self._request = request
        self._socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20, compress=False)
        self._out: asyncio.Queue[str | int] = asyncio.Queue(MAX_QUEUE)
        compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if compressed else None
        self._sends: deque[float] = deque()
        self._sent_code: int | None = None
        self.dialogue = Dialogue(hub, self, f"{base}/gateway")

    @property
    def bot_id(self) -> str | None:
        """The bot that has identified here."""
        session = self.dialogue.session
        return session.bot.user_id if session else None

    # --- outwards -------------------------------------------------------------

    def push(self, text: str) -> None:
        """Queue one payload; a client that does not read is dropped."""
        try:
            self._out.put_nowait(text)
        except asyncio.QueueFull:
            self.drop()

    def send(self, op: int, data: Any = None) -> None:
        """Queue a payload that is no dispatch; all four keys are always there."""
        self.push(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int) -> None:
        """Close behind everything that is queued."""
        try:
            self._out.put_nowait(code)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Cut the TCP connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def suffer(self, fault: Fault) -> None:
        """Let a fault of the gateway happen here and now."""
        match fault.kind:
            case "drop":
                self.drop()
            case "close":
                self.close(int(fault.options.get("code", 4000)))
            case "reconnect":
                self.send(7)
                wait_s = float(fault.options.get("close_after_s", _CLOSE_AFTER_RECONNECT_S))
                asyncio.get_running_loop().call_later(wait_s, self.close, 4000)
            case "ask_heartbeat":
                self.send(1)
            case "invalid_session":
                resumable = bool(fault.options.get("resumable"))
                if self.dialogue.session is not None and not resumable:
                    self._hub.end(self.dialogue.session)
                self.send(9, data=resumable)
            case _:
                pass

    # --- life -----------------------------------------------------------------

    async def run(self) -> web.WebSocketResponse:
        """Serve the client until either side closes."""
        await self._socket.prepare(self._request)
        writer = asyncio.create_task(self._write(), name=f"gateway-writer-{self.id}")
        code: int | None = None
        try:
            await self._hello()
            code = await self._read()
        except GatewayClose as close:
            self.close(close.code)
            await asyncio.wait({writer}, timeout=_FAREWELL_S)
        finally:
            writer.cancel()
            session = self.dialogue.session
            if session is not None:
                by_server = self._sent_code is not None
                self._hub.detach(session, self, self._sent_code or code, by_server=by_server)
        return self._socket

    async def _hello(self) -> None:
        if self._request.query.get("v", "10") not in ("9", "10"):
            raise GatewayClose(4012, "Invalid API version.")
        if self._request.query.get("encoding", "json") != "json":
            raise GatewayClose(4002, "Only JSON is spoken here.")
        for kind in AT_ONCE:
            fault = self._hub.faults.take(kind, on="connect")
            if fault is not None:
                self.suffer(fault)
        slow = self._hub.faults.take("slow_hello")
        if slow is not None:
            await asyncio.sleep(float(slow.options.get("seconds", 5)))
        self.send(10, {"heartbeat_interval": int(self._settings.heartbeat_interval_s * 1000)})

    async def _write(self) -> None:
        try:
            while True:
                item = await self._out.get()
                if isinstance(item, int):
                    self._sent_code = item
                    await self._socket.close(code=item)
                    return
                if self.bot_id is None or not self._hub.faults.take("silence", bot_id=self.bot_id):
                    await self._put(item)
        except ConnectionError:
            return  # the client is gone; the reader sees it too

    async def _put(self, text: str) -> None:
        if self._deflate is None:
            await self._socket.send_str(text)
            return
        packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        if len(packed) > 8 and self._hub.faults.take("split_frames", bot_id=self.bot_id):
            await self._socket.send_bytes(packed[: len(packed) // 2])
            packed = packed[len(packed) // 2 :]
        await self._socket.send_bytes(packed)

    async def _read(self) -> int | None:
        """Read until the client goes; gives the code with which it closed, None when it gave none."""
        allowance_s = self._settings.heartbeat_interval_s + self._settings.heartbeat_tolerance_s
        deadline = time.monotonic() + allowance_s
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    message = await self._socket.receive()
            except TimeoutError:
                raise GatewayClose(4009, "Session timed out.") from None
            if message.type in _OVER:
                return message.data if message.type is WSMsgType.CLOSE else None
            payload = self._decode(message.data)
            if payload.get("op") == 1:
                deadline = time.monotonic() + allowance_s
            self.dialogue.handle(payload)

    def _decode(self, data: str | bytes) -> Json:
        """Read one payload; raises GatewayClose for one that is too large, too many, or no JSON object."""
        raw = data if isinstance(data, bytes) else data.encode()
        if len(raw) > MAX_PAYLOAD_BYTES:
            raise GatewayClose(4002, "Payload too large.")
        now = time.monotonic()
        while self._sends and now - self._sends[0] > _SENDS_WINDOW_S:
            self._sends.popleft()
        self._sends.append(now)
        if len(self._sends) > self._settings.sends_per_minute:
            raise GatewayClose(4008, "Rate limited.")
        try:
            payload = json.loads(raw)
        except (ValueError, RecursionError):
            raise GatewayClose(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict):
            raise GatewayClose(4002, "Error while decoding payload.")
        return payload
