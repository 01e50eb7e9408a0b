"""Bans: one, many, lifting them, reading them."""

from typing import Any

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import moderation

MAX_BULK = 200


def _list(call: Call) -> Answer:
    guild = call.guild_for(permissions.BAN_MEMBERS)
    limit = call.number("limit", 1000, 1, 1000)
    before, after = int(call.query.get("before", 1 << 63)), int(call.query.get("after", 0))
    ids = sorted((one for one in guild.bans if after < int(one) < before), key=int)
    ids = ids[-limit:] if "before" in call.query else ids[:limit]
    return [{"user": call.world.users[user_id], "reason": guild.bans[user_id]} for user_id in ids]


def _get(call: Call) -> Answer:
    guild, user_id = call.guild_for(permissions.BAN_MEMBERS), call.path["user_id"]
    if user_id not in guild.bans:
        raise DiscordError(10026)
    return {"user": call.world.users[user_id], "reason": guild.bans[user_id]}


def _ban(call: Call) -> Answer:
    # nextcord puts the seconds into the query, Discord documents the body.
    given: dict[str, Any] = {**call.query, **(call.body if isinstance(call.body, dict) else {})}
    seconds = _seconds(given)
    user_id = call.path["user_id"]
    moderation.ban(call.world, call.guild(), call.me, user_id, delete_seconds=seconds, reason=call.reason)


def _unban(call: Call) -> Answer:
    moderation.unban(call.world, call.guild(), call.me, call.path["user_id"], call.reason)


def _bulk(call: Call) -> Answer:
    guild = call.guild_for(permissions.BAN_MEMBERS | permissions.MANAGE_GUILD)
    ids = list(dict.fromkeys(str(user_id) for user_id in call.form.get("user_ids") or ()))
    if not 1 <= len(ids) <= MAX_BULK:
        raise invalid("user_ids", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 200 in length.")
    seconds, banned, failed = _seconds(call.form), [], []
    for user_id in ids:
        try:
            moderation.ban(call.world, guild, call.me, user_id, delete_seconds=seconds, reason=call.reason)
            banned.append(user_id)
        except DiscordError:
            failed.append(user_id)
    if not banned:
        raise DiscordError(500000)
    return {"banned_users": banned, "failed_users": failed}


def _seconds(given: dict[str, Any]) -> int:
    """Give the span whose messages go; raises 50035 when it is longer than a week."""
    seconds = int(given.get("delete_message_seconds") or int(given.get("delete_message_days") or 0) * 86_400)
    if not 0 <= seconds <= 604_800:
        words = "int value should be between 0 and 604800."
        raise invalid("delete_message_seconds", "NUMBER_TYPE_MAX", words)
    return seconds


_B = "/guilds/{guild_id}/bans"
ROUTES = [
    Route("GET", _B, _list),
    Route("GET", _B + "/{user_id}", _get),
    Route("PUT", _B + "/{user_id}", _ban),
    Route("DELETE", _B + "/{user_id}", _unban),
    Route("POST", "/guilds/{guild_id}/bulk-ban", _bulk),
]
