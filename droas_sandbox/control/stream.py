"""What happens in the world, as server-sent events for the page."""

import asyncio
import json

from aiohttp import web

from droas_sandbox.control.picture import fate
from droas_sandbox.world.state import Event, Json
from droas_sandbox.world.world import World

MAX_QUEUE = 2_000
"""Events waiting for one page; a page that reads slower is cut off and comes back by itself."""

_KEEP_ALIVE_S = 15.0
_NAMES = {
    "GUILD_MEMBER_ADD": "member_add",
    "GUILD_MEMBER_UPDATE": "member_update",
    "GUILD_MEMBER_REMOVE": "member_remove",
    "GUILD_BAN_ADD": "ban_add",
    "GUILD_BAN_REMOVE": "ban_remove",
    "TYPING_START": "typing",
    "MESSAGE_REACTION_ADD": "reaction",
    "MESSAGE_REACTION_REMOVE": "reaction",
}


def _for_page(world: World, event: Event) -> list[Json]:
    """Give an event as pages know it; `type` is the event's, and a message's own is `message_type`.

    A deletion says who did it and why. Bots learn that from the audit log, which does not name the message.
    """
    if event.name == "GUILD_CREATE":
        return []  # a bot's view of its joining, told already as member_add
    if event.name in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
        kept = world.messages[event.data["channel_id"]]
        ids = event.data.get("ids") or [event.data["id"]]
        place = {key: value for key, value in event.data.items() if key != "ids"}
        return [{**place, "id": one, "type": "message_delete", **fate(kept[one])} for one in ids]
    told = {**event.data, "type": _NAMES.get(event.name, event.name.lower())}
    if event.name == "MESSAGE_REACTION_REMOVE":
        told["removed"] = True
    if event.name.startswith(("MESSAGE_CREATE", "MESSAGE_UPDATE")):
        told["message_type"] = event.data["type"]
    if event.name.startswith(("CHANNEL_", "THREAD_")) and "type" in event.data:
        told["channel_type"] = event.data["type"]
    return [told]


class Stream:
    """Tells pages of events."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pages: set[asyncio.Queue[str | None]] = set()

    def tell(self, event: Event) -> None:
        """Queue an event for every page."""
        if not self._pages:
            return
        for told in _for_page(self._world, event):
            text = json.dumps(told)
            for page in list(self._pages):
                try:
                    page.put_nowait(text)
                except asyncio.QueueFull:
                    self._pages.discard(page)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one page until it goes, or reads too slowly."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        page: asyncio.Queue[str | None] = asyncio.Queue(MAX_QUEUE)
        self._pages.add(page)
        try:
            await response.write(b": hello\n\n")
            while page in self._pages or not page.empty():
                try:
                    async with asyncio.timeout(_KEEP_ALIVE_S):
                        text = await page.get()
                except TimeoutError:
                    await response.write(b": alive\n\n")
                    continue
                if text is None:
                    break
                await response.write(f"data: {text}\n\n".encode())
        except ConnectionResetError:
            pass
        finally:
            self._pages.discard(page)
        return response

    def stop(self) -> None:
        """Let all pages go."""
        for page in self._pages:
            if not page.full():
                page.put_nowait(None)
        self._pages.clear()
