"""Reactions to messages.

Source: Discord API reference, Message: Reactions.
"""

from droas_sandbox.errors import DiscordError
from droas_sandbox.world.state import Json, Message
from droas_sandbox.world.world import World

MAX_REACTIONS = 20


def react(world: World, message: Message, user_id: str, emoji: str, *, add: bool) -> None:
    """Add or take away a reaction; both are idempotent."""
    holders = message.reactions.get(emoji, [])
    if add == (user_id in holders):
        return
    if add:
        if not holders and len(message.reactions) >= MAX_REACTIONS:
            raise DiscordError(30010)
        message.reactions.setdefault(emoji, []).append(user_id)
    else:
        holders.remove(user_id)
        if not holders:
            del message.reactions[emoji]
    data: Json = {"user_id": user_id, **_place(message), "emoji": emoji_of(emoji), "burst": False, "type": 0}
    guild = world.guilds.get(message.guild_id or "")
    if add:
        data["message_author_id"] = message.data["author"]["id"]
        if guild is not None and user_id in guild.members:
            data["member"] = world.member(guild, user_id)
    world.tell_of(message, "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE", data)


def clear(world: World, message: Message, emoji: str | None = None) -> None:
    """Take away all reactions, or all of one emoji."""
    if emoji is None:
        message.reactions.clear()
        world.tell_of(message, "MESSAGE_REACTION_REMOVE_ALL", _place(message))
    elif message.reactions.pop(emoji, None) is not None:
        data = {**_place(message), "emoji": emoji_of(emoji)}
        world.tell_of(message, "MESSAGE_REACTION_REMOVE_EMOJI", data)


def counted(message: Message, viewer_id: str) -> list[Json]:
    """Give the reactions of a message as REST counts them for a viewer."""
    return [
        {
            "emoji": emoji_of(emoji),
            "count": len(holders),
            "count_details": {"burst": 0, "normal": len(holders)},
            "burst_colors": [],
            "me_burst": False,
            "me": viewer_id in holders,
            "burst_count": 0,
        }
        for emoji, holders in message.reactions.items()
    ]


def emoji_of(text: str) -> Json:
    """Give an emoji object from a unicode emoji or `name:id`."""
    name, _, emoji_id = text.partition(":")
    return {"id": emoji_id or None, "name": name}


def _place(message: Message) -> Json:
    return {"channel_id": message.data["channel_id"], "message_id": message.data["id"]}
