"""Messages as they are found again: one, a page of them, the pinned ones."""

from droas_sandbox.clock import parse_iso
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.world.reactions import counted
from droas_sandbox.world.state import Json, Message
from droas_sandbox.world.world import World


def shown(message: Message, viewer_id: str = "") -> Json:
    """Give a message as REST answers it to somebody."""
    made = dict(message.data)
    if message.reactions:
        made["reactions"] = counted(message, viewer_id)
    return made


def find(world: World, channel_id: str, message_id: str) -> Message:
    """Give a message that is still there; raises 10008."""
    message = world.messages.get(channel_id, {}).get(message_id)
    if message is None or message.deleted:
        raise DiscordError(10008)
    return message


def page(world: World, channel_id: str, query: dict[str, str]) -> list[Message]:
    """Give messages newest first, as `around`, `before`, `after` and `limit` say."""
    limit = number(query, "limit", 50, 1, 100)
    alive = [
        message
        for message in world.messages.get(channel_id, {}).values()
        if not message.deleted and not message.hidden
    ]
    if "before" in query:
        before = int(query["before"])
        alive = [message for message in alive if int(message.data["id"]) < before]
    if "after" in query:
        after = int(query["after"])
        return [message for message in alive if int(message.data["id"]) > after][:limit][::-1]
    if "around" in query:
        older = sum(int(message.data["id"]) < int(query["around"]) for message in alive)
        begin = min(max(0, older - limit // 2), max(0, len(alive) - limit))
        alive = alive[begin : begin + limit]
    return alive[-limit:][::-1]


def pinned(world: World, channel_id: str, *, before: str | None = None) -> list[Message]:
    """Give the pinned messages, the newest pin first, older than a moment if one is given."""
    oldest = parse_iso(before) if before else None
    found = [
        message
        for message in world.messages.get(channel_id, {}).values()
        if message.pinned_at is not None and not message.deleted
    ]
    if oldest is not None:
        found = [message for message in found if (message.pinned_at or 0) < oldest]
    return sorted(found, key=lambda message: message.pinned_at or 0, reverse=True)


def number(query: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    """Read a number of a query; raises 50035 when it is none, or out of bounds."""
    given = query.get(name)
    if given is None:
        return default
    if not given.lstrip("-").isdecimal():
        raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{given}" is not int.')
    value = int(given)
    if value < least:
        raise invalid(name, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
    if value > most:
        raise invalid(name, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
    return value
