"""Messages going away: one, many at once, all that somebody wrote lately.

Source: Discord API reference, Delete Message and Bulk Delete Messages.
"""

from collections.abc import Sequence

from droas_sandbox.clock import moment_of
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import Event, Guild, Message
from droas_sandbox.world.world import World

BULK_AGE_S = 14 * 86_400.0


def delete(world: World, message: Message, actor_id: str | None, reason: str | None = None) -> None:
    """Delete one message; somebody else's leaves an entry in the audit log."""
    message.end(actor_id, reason)
    if message.hidden:
        return
    data = {"id": message.data["id"], "channel_id": message.data["channel_id"]}
    world.tell_of(message, "MESSAGE_DELETE", data)
    guild = world.guilds.get(message.guild_id or "")
    author_id = message.data["author"]["id"]
    if guild is not None and actor_id is not None and actor_id != author_id:
        options = {"channel_id": message.data["channel_id"], "count": "1"}
        write_audit(world, guild, 72, actor_id, author_id, reason=reason, options=options)


def delete_bulk(
    world: World, guild: Guild, channel_id: str, ids: Sequence[str], actor_id: str, reason: str | None
) -> None:
    """Delete 2 to 100 messages at once; one that is too old spoils the whole call."""
    if not 2 <= len(ids) <= 100:
        raise DiscordError(50016)
    if len(set(ids)) != len(ids):
        raise invalid("messages", "BASE_TYPE_DUPLICATE", "Values must be unique.")
    if any(world.clock.now() - moment_of(message_id) > BULK_AGE_S for message_id in ids):
        raise DiscordError(50034)
    kept = world.messages.get(channel_id, {})
    gone = _forget([kept[one] for one in ids if one in kept], actor_id, reason)
    if gone:
        _tell_bulk(world, guild, channel_id, gone)
        write_audit(world, guild, 73, actor_id, channel_id, reason=reason, options={"count": str(len(gone))})


def delete_recent(
    world: World, guild: Guild, user_id: str, actor_id: str, seconds: int, reason: str | None
) -> None:
    """Delete what somebody wrote in a group in the last seconds."""
    if not seconds:
        return
    oldest = world.clock.now() - seconds
    for channel_id in guild.channels:
        kept = world.messages.get(channel_id, {}).values()
        theirs = [message for message in kept if message.data["author"]["id"] == user_id]
        gone = _forget([one for one in theirs if moment_of(one.data["id"]) >= oldest], actor_id, reason)
        if gone:
            _tell_bulk(world, guild, channel_id, gone)


def _forget(messages: Sequence[Message], actor_id: str, reason: str | None) -> list[str]:
    """Mark messages as deleted; gives the ids of those that were still there."""
    alive = [message for message in messages if not message.deleted]
    for message in alive:
        message.end(actor_id, reason)
    return [str(message.data["id"]) for message in alive]


def _tell_bulk(world: World, guild: Guild, channel_id: str, ids: Sequence[str]) -> None:
    data = {"ids": list(ids), "channel_id": channel_id, "guild_id": guild.id}
    world.emit(Event(name="MESSAGE_DELETE_BULK", data=data, guild_id=guild.id, channel_id=channel_id))
