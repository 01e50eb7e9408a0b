"""One WebSocket connection of the gateway, from HELLO to its close.

Source: Discord API reference, Gateway; see `identify.py` for the checks and `session.py` for the replay.
"""

import asyncio
import json
import secrets
import time
import zlib
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from droas_sandbox.gateway.hub import Hub
from droas_sandbox.gateway.identify import Close, InvalidSession, check
from droas_sandbox.gateway.session import Session
from droas_sandbox.world.state import Json

MAX_PAYLOAD_BYTES = 4096
MAX_QUEUE = 20_000
"""Payloads waiting for one slow client; beyond them it is dropped."""

CHUNK_COOLDOWN_S = 30.0
_CLOSE_AFTER_RECONNECT_S = 5.0


class GatewayClose(Exception):  # noqa: N818 - it is a close, with Discord's code
    """The connection ends with this code."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


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
        self._world = hub.world
        self._faults = hub.faults
        self._request = request
        self._base = base
        self._socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20, compress=False)
        self._out: asyncio.Queue[str | int] = asyncio.Queue(MAX_QUEUE)
        compressed = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if compressed else None
        self._sends: deque[float] = deque()
        self._chunked: dict[str, float] = {}
        self.session: Session | None = None

    @property
    def bot_id(self) -> str | None:
        """The bot that has identified here."""
        return self.session.bot.user_id if self.session else None

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
        self._out.put_nowait(code)

    def drop(self) -> None:
        """Cut the TCP connection without a word."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def reconnect(self) -> None:
        """Send op 7 and close a few seconds later, as Discord does."""
        self.send(7)
        await asyncio.sleep(_CLOSE_AFTER_RECONNECT_S)
        self.close(4000)

    # --- life -----------------------------------------------------------------

    async def run(self) -> web.WebSocketResponse:
        """Serve the client until either side closes."""
        await self._socket.prepare(self._request)
        writer = asyncio.create_task(self._write(), name=f"gateway-writer-{self.id}")
        code: int | None = None
        try:
            self._check_version()
            slow = self._faults.take("slow_hello")
            if slow is not None:
                await asyncio.sleep(float(slow.options.get("seconds", 5)))
            self.send(10, {"heartbeat_interval": int(self._world.settings.heartbeat_interval_s * 1000)})
            code = await self._read()
        except GatewayClose as close:
            self.close(close.code)
            await asyncio.wait({writer}, timeout=2)
        finally:
            writer.cancel()
            if self.session is not None:
                self._hub.detach(self.session, self, code)
        return self._socket

    def _check_version(self) -> None:
        if self._request.query.get("v", "10") not in ("9", "10"):
            raise GatewayClose(4012, "Invalid API version.")

    async def _write(self) -> None:
        while True:
            item = await self._out.get()
            if isinstance(item, int):
                await self._socket.close(code=item)
                return
            if self.bot_id is not None and self._faults.take("silence", bot_id=self.bot_id):
                continue
            if self._deflate is None:
                await self._socket.send_str(item)
            else:
                packed = self._deflate.compress(item.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                await self._socket.send_bytes(packed)

    async def _read(self) -> int | None:
        """Read until the client goes; gives the code with which it closed."""
        settings = self._world.settings
        allowance_s = settings.heartbeat_interval_s + settings.heartbeat_tolerance_s
        deadline = time.monotonic() + allowance_s
        while True:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    message = await self._socket.receive()
            except TimeoutError:
                raise GatewayClose(4009, "Session timed out.") from None
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return self._socket.close_code
            payload = self._decode(message)
            if payload.get("op") == 1:
                deadline = time.monotonic() + allowance_s
            self._handle(payload)

    def _decode(self, message: Any) -> Json:
        raw = message.data if isinstance(message.data, bytes) else str(message.data).encode()
        if len(raw) > MAX_PAYLOAD_BYTES:
            raise GatewayClose(4002, "Payload too large.")
        now = time.monotonic()
        while self._sends and now - self._sends[0] > 60:
            self._sends.popleft()
        self._sends.append(now)
        if len(self._sends) > self._world.settings.sends_per_minute:
            raise GatewayClose(4008, "Rate limited.")
        try:
            payload = json.loads(raw)
        except ValueError:
            raise GatewayClose(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict):
            raise GatewayClose(4002, "Error while decoding payload.")
        return payload

    # --- inwards --------------------------------------------------------------

    def _handle(self, payload: Json) -> None:
        op, data = payload.get("op"), payload.get("d")
        if op == 1:
            if not (self.bot_id and self._faults.take("withhold_acks", bot_id=self.bot_id)):
                self.send(11)
        elif op == 2 and isinstance(data, dict):
            self._identify(data)
        elif op == 6 and isinstance(data, dict):
            self._resume(data)
        elif op not in (3, 4, 8, 31, 43):
            raise GatewayClose(4001, "Unknown opcode.")
        elif self.session is None:
            raise GatewayClose(4003, "Not authenticated.")
        elif op == 8:
            if not isinstance(data, dict):
                raise GatewayClose(4001, "Invalid payload.")
            self._request_members(self.session, data)

    def _identify(self, data: Json) -> None:
        if self.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        bot = self._world.bot_by_token(str(data.get("token", "")))
        if bot is None:
            raise GatewayClose(4004, "Authentication failed.")
        now = self._world.clock.now()
        settings = self._world.settings
        fault = check(
            data,
            privileged=bot.privileged,
            earlier=bot.identifies,
            now=now,
            max_concurrency=settings.max_concurrency,
            per_day=settings.identifies_per_day,
        )
        if isinstance(fault, Close):
            raise GatewayClose(fault.code, fault.words)
        bot.identifies.append(now)
        if isinstance(fault, InvalidSession) or self._faults.take(
            "invalid_session", bot_id=bot.user_id, on="identify"
        ):
            self.send(9, data=False)
            return
        self.session = self._hub.open(bot, int(data["intents"]), self, self.id)
        self._greet(self.session, data.get("shard"))

    def _greet(self, session: Session, shard: Any) -> None:
        """Send READY with all groups unavailable, then each group."""
        bot = session.bot
        guilds = self._world.guilds_of(bot.user_id)
        ready: Json = {
            "v": 10,
            "user": {
                **self._world.users[bot.user_id],
                "mfa_enabled": False,
                "locale": "en-US",
                "verified": True,
            },
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"{self._base}/gateway",
            "application": {"id": bot.application_id, "flags": 565_248},
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "guild_join_requests": [],
            "user_settings": {},
            "_trace": ["sandbox"],
        }
        if shard is not None:
            ready["shard"] = shard
        session.dispatch("READY", json.dumps(ready))
        for guild in guilds:
            if session.intents & 1:
                session.dispatch("GUILD_CREATE", json.dumps(self._world.guild_create(guild)))

    def _resume(self, data: Json) -> None:
        if self.session is not None:
            raise GatewayClose(4005, "Already authenticated.")
        session = self._hub.resumable(str(data.get("session_id", "")), str(data.get("token", "")))
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int):
            self.send(9, data=False)
            return
        if sequence > session.sequence:
            raise GatewayClose(4007, "Invalid seq.")
        if not session.covers(sequence):
            self._hub.end(session)
            self.send(9, data=False)
            return
        missed = list(session.missed(sequence))
        if isinstance(session.wire, Connection):
            session.wire.session = None
            session.wire.close(4000)
        self.session = session
        session.resumed += 1
        self._hub.attach(session, self, self.id)
        for text in missed:
            self.push(text)
        session.dispatch("RESUMED", '{"_trace":["sandbox"]}')

    def _request_members(self, session: Session, data: Json) -> None:
        """Answer op 8 with chunks of at most 1,000 members."""
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None or session.bot.user_id not in guild.members:
            return
        everyone = data.get("query") == "" and not data.get("limit")
        now = self._world.clock.now()
        if everyone:
            wait_s = self._chunked.get(guild.id, -CHUNK_COOLDOWN_S) + CHUNK_COOLDOWN_S - now
            if wait_s > 0:
                meta = {"guild_id": guild.id, "nonce": data.get("nonce")}
                session.dispatch(
                    "RATE_LIMITED", json.dumps({"opcode": 8, "retry_after": wait_s, "meta": meta})
                )
                return
            self._chunked[guild.id] = now
        asked = data.get("user_ids")
        ids = [str(asked)] if isinstance(asked, str | int) else [str(one) for one in asked or ()]
        query = str(data.get("query") or "").lower()
        found = [
            user_id
            for user_id in (ids or guild.members)
            if user_id in guild.members and self._world.users[user_id]["username"].lower().startswith(query)
        ]
        limit = 100 if ids or query else len(found)
        found = found[: min(limit, int(data.get("limit") or limit))]
        chunks = [found[start : start + 1000] for start in range(0, len(found), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            answer: Json = {
                "guild_id": guild.id,
                "members": [self._world.member(guild, user_id) for user_id in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
                "not_found": [user_id for user_id in ids if user_id not in guild.members],
            }
            if data.get("nonce") is not None:
                answer["nonce"] = data["nonce"]
            session.dispatch("GUILD_MEMBERS_CHUNK", json.dumps(answer))
