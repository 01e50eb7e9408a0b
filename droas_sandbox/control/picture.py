"""The world as the control interface shows it. Pure."""

from droas_sandbox.gateway.hub import Hub
from droas_sandbox.world import history
from droas_sandbox.world.state import Guild, Json, Message
from droas_sandbox.world.world import World

_CHANNEL = ("id", "name", "type", "parent_id")
_MEMBER = ("nick", "roles", "communication_disabled_until")
_USER = ("id", "username", "global_name")


def state(world: World, hub: Hub) -> Json:
    """Give everything that there is, without the messages."""
    return {
        "guilds": [guild_of(guild) for guild in world.guilds.values()],
        "users": [
            {**{key: user[key] for key in _USER}, "bot": user.get("bot", False)}
            for user in world.users.values()
        ],
        "bots": [_bot(world, hub, bot_id) for bot_id in world.bots],
        "dms": [
            {
                "id": dm["id"],
                "bot_id": dm["_bot_id"],
                "recipients": [user["id"] for user in dm["recipients"]],
            }
            for dm in world.dms.values()
        ],
    }


def guild_of(guild: Guild) -> Json:
    """Give one group."""
    return {
        "id": guild.id,
        "name": guild.data["name"],
        "owner_id": guild.data["owner_id"],
        "channels": [{key: one.get(key) for key in _CHANNEL} for one in guild.channels.values()],
        "roles": list(guild.roles.values()),
        "members": [
            {"user_id": user_id, **{key: member[key] for key in _MEMBER}}
            for user_id, member in guild.members.items()
        ],
        "bans": [{"user_id": user_id, "reason": reason} for user_id, reason in guild.bans.items()],
    }


def messages(world: World, channel_id: str, limit: int) -> list[Json]:
    """Give a channel's newest messages, oldest first, with the deleted ones; raises 10003."""
    world.channel(channel_id)
    kept = list(world.messages.get(channel_id, {}).values())
    return [
        {
            **history.shown(message),
            **fate(message),
            "edits": message.edits,
            "ephemeral": message.hidden,
        }
        for message in kept[-limit:]
    ]


def fate(message: Message) -> Json:
    """Give whether a message was deleted, by whom, and why."""
    return {
        "deleted": message.deleted,
        "deleted_by": message.deleted_by,
        "deleted_reason": message.deleted_reason,
    }


def _bot(world: World, hub: Hub, bot_id: str) -> Json:
    bot, live = world.bots[bot_id], hub.live(bot_id)
    return {
        "id": bot_id,
        "username": world.users[bot_id]["username"],
        "application_id": bot.application_id,
        "connected": bool(live),
        "sessions_live": len(live),
        "identifies": len(bot.starts),
    }
