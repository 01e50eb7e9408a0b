"""The stage of the rehearsal: as much of Discord and of a model as one bot needs to answer one question.

It listens on the loopback interface for the fraction of a second that the rehearsal takes. What it says is
the least that the client libraries accept; it is no model of Discord and must not become one.
"""

import asyncio
import base64
import hashlib
import json
import socket
import zlib
from typing import Any, Self

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BOT: dict[str, Any] = {"id": "2", "username": "bot", "discriminator": "0", "avatar": None, "bot": True}
_ASKER = {**_BOT, "id": "3", "username": "asker", "bot": False}
_MEMBER: dict[str, Any] = {
    "roles": [], "joined_at": "2020-01-01T00:00:00+00:00", "deaf": False, "mute": False, "flags": 0
}  # fmt: skip
_GUILD: dict[str, Any] = {
    "id": "1", "name": "stage", "owner_id": "3", "region": "", "afk_timeout": 60, "member_count": 2,
    "verification_level": 0, "default_message_notifications": 0, "mfa_level": 0, "joined_at": _MEMBER["joined_at"],
    "roles": [{
        "id": "1", "name": "@everyone", "color": 0, "hoist": False, "position": 0, "permissions": "8",
        "managed": False, "mentionable": False,
    }],
    "channels": [{"id": "10", "type": 0, "name": "stage", "position": 0, "permission_overwrites": []}],
    "members": [{**_MEMBER, "user": _BOT}],
}  # fmt: skip
_MESSAGE: dict[str, Any] = {
    "id": "100", "channel_id": "10", "author": _ASKER, "content": "<@2> hello", "type": 0, "tts": False,
    "timestamp": _MEMBER["joined_at"], "edited_timestamp": None, "mention_everyone": False, "pinned": False,
    "mentions": [_BOT], "mention_roles": [], "attachments": [], "embeds": [],
}  # fmt: skip
_CALL = [{"index": 0, "id": "c", "function": {"name": "economy__balance", "arguments": "{}"}}]


class Stage:
    """Serves one bot, within one `async with`.

    Args:
        bot_says: set once the bot has said its last words.
    """

    def __init__(self, bot_says: asyncio.Event) -> None:
        self._bot_says = bot_says
        self._asked = 0
        self.address = ""

    async def __aenter__(self) -> Self:
        # Bound here, because a loop would look the address up in a thread that outlives it.
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*listener.getsockname())
        self._server = await asyncio.start_server(self._attend, sock=listener)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after another, until it is closed or a gateway."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
                await reader.readexactly(int(fields.get("content-length", 0)))
                method, path, _ = head.split(" ", 2)
                if "upgrade" in fields:
                    key = next(
                        line for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key")
                    )
                    await _Gateway(reader, writer).play(key.partition(": ")[2])
                    return
                writer.write(self._answer(method, path.partition("?")[0]))
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> bytes:
        """Give the answer to one request."""
        match method, path.rsplit("/", 1)[-1]:
            case "GET", "@me":
                return _http(_BOT)
            case "GET", "bot" | "gateway":
                limit = {"total": 1, "remaining": 1, "reset_after": 0, "max_concurrency": 1}
                return _http({"url": f"ws://{self.address}", "shards": 1, "session_start_limit": limit})
            case "GET", "messages":
                return _http([{**_MESSAGE, "id": "99", "content": "before"}])
            case "POST", "typing":
                return b"HTTP/1.1 204 No Content\r\n\r\n"
            case "POST", "completions":
                self._asked += 1
                return self._stream()
            case _:
                self._bot_says.set()
                return _http({**_MESSAGE, "id": "101", "author": _BOT})

    def _stream(self) -> bytes:
        """Give what the model says: first that it wants a tool, then words."""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += (
            [{"tool_calls": _CALL}] if self._asked == 1 else [{"content": "words "}, {"content": "words"}]
        )
        chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        reason = "tool_calls" if self._asked == 1 else "stop"
        chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        lines = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
        return _http(lines.encode(), kind="text/event-stream")


class _Gateway:
    """One gateway connection: greets, and asks the bot one question."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._zlib = zlib.compressobj()

    async def play(self, key: str) -> None:
        """Speak the gateway's lines until the bot leaves."""
        accept = base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()  # noqa: S324 - RFC 6455
        self._writer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        self._send(10, {"heartbeat_interval": 45_000})
        while True:
            operation, payload = await self._receive()
            if operation == 8:  # close
                self._writer.write(bytes((0x88, len(payload))) + payload)
                return
            said = json.loads(payload)["op"]
            if said == 1:  # heartbeat
                self._send(11, None)
            elif said == 2:  # identify
                self._open()

    def _open(self) -> None:
        ready = {
            "v": 10, "user": _BOT, "guilds": [{"id": "1", "unavailable": True}], "session_id": "s",
            "resume_gateway_url": "ws://127.0.0.1", "application": {"id": "2", "flags": 0}, "shard": [0, 1],
        }  # fmt: skip
        asked = {**_MESSAGE, "guild_id": "1", "member": _MEMBER}
        for sequence, (name, data) in enumerate(
            (("READY", ready), ("GUILD_CREATE", _GUILD), ("MESSAGE_CREATE", asked)), start=1
        ):
            self._send(0, data, name, sequence)

    def _send(self, operation: int, data: Any, name: str | None = None, sequence: int | None = None) -> None:
        text = json.dumps({"op": operation, "d": data, "t": name, "s": sequence})
        data = self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
        length = bytes((len(data),)) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2)
        self._writer.write(b"\x82" + length + data)

    async def _receive(self) -> tuple[int, bytes]:
        """Read one frame of the client (RFC 6455, 5.2): its operation and what it carries."""
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length = int.from_bytes(await self._reader.readexactly(2))
        mask = await self._reader.readexactly(4)
        data = await self._reader.readexactly(length)
        return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def _http(body: Any, kind: str = "application/json") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
