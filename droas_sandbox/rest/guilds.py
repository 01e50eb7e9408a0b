"""Groups: channels, members, roles, bans, the audit log."""

from typing import Any

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.intents import GUILD_MEMBERS
from droas_sandbox.rest.call import Answer, Call, Route, public
from droas_sandbox.world import moderation
from droas_sandbox.world.state import Event

_EMPTY_LISTS = (
    "application_commands", "auto_moderation_rules", "guild_scheduled_events", "integrations", "threads",
)  # fmt: skip


def _guild(call: Call) -> Answer:
    guild = call.guild()
    return {**guild.data, "roles": list(guild.roles.values())}


def _channels(call: Call) -> Answer:
    return [
        public(channel) for channel in call.guild().channels.values() if channel["type"] not in (10, 11, 12)
    ]


def _create_channel(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.MANAGE_CHANNELS)
    return 201, call.world.add_channel(guild, str(call.form.get("name", "")), int(call.form.get("type") or 0))


def _channel(call: Call) -> Answer:
    _, channel = call.channel()
    return public(channel)


def _edit_channel(call: Call) -> Answer:
    guild, channel = call.channel(permissions.MANAGE_CHANNELS)
    for key in ("name", "topic", "nsfw", "rate_limit_per_user", "permission_overwrites", "position"):
        if key in call.form:
            channel[key] = call.form[key]
    name = "THREAD_UPDATE" if channel["type"] in (10, 11, 12) else "CHANNEL_UPDATE"
    if "archived" in call.form and "thread_metadata" in channel:
        channel["thread_metadata"]["archived"] = bool(call.form["archived"])
    if guild is not None:
        call.world.emit(Event(name=name, data=channel, guild_id=guild.id, channel_id=channel["id"]))
    return public(channel)


def _delete_channel(call: Call) -> Answer:
    guild, channel = call.channel(permissions.MANAGE_CHANNELS)
    if guild is None:
        return public(channel)
    thread = channel["type"] in (10, 11, 12)
    keys = ("id", "guild_id", "parent_id", "type")
    data = {key: channel[key] for key in keys} if thread else channel
    call.world.emit(
        Event(
            name="THREAD_DELETE" if thread else "CHANNEL_DELETE",
            data=data,
            guild_id=guild.id,
            channel_id=channel["id"],
        )
    )
    del guild.channels[channel["id"]]
    return public(channel)


def _members(call: Call) -> Answer:
    guild = call.guild()
    if call.bot is not None and not call.bot.privileged & GUILD_MEMBERS:
        raise DiscordError(50001)
    limit, after = int(call.query.get("limit", 1)), int(call.query.get("after", 0))
    ids = sorted((user_id for user_id in guild.members if int(user_id) > after), key=int)
    return [call.world.member(guild, user_id) for user_id in ids[: max(1, min(limit, 1000))]]


def _member(call: Call) -> Answer:
    return call.world.member(call.guild(), call.path["user_id"])


def _edit_member(call: Call) -> Answer:
    return moderation.edit_member(
        call.world, call.guild(), call.me, call.path["user_id"], call.form, call.reason
    )


def _edit_myself(call: Call) -> Answer:
    guild = call.guild()
    guild.members[call.me]["nick"] = call.form.get("nick")
    moderation.tell_member(call.world, guild, call.me)
    return call.world.member(guild, call.me)


def _kick(call: Call) -> Answer:
    moderation.kick(call.world, call.guild(), call.me, call.path["user_id"], call.reason)


def _add_role(call: Call) -> Answer:
    moderation.change_role(
        call.world,
        call.guild(),
        call.me,
        call.path["user_id"],
        call.path["role_id"],
        add=True,
        reason=call.reason,
    )


def _remove_role(call: Call) -> Answer:
    moderation.change_role(
        call.world,
        call.guild(),
        call.me,
        call.path["user_id"],
        call.path["role_id"],
        add=False,
        reason=call.reason,
    )


def _roles(call: Call) -> Answer:
    return list(call.guild().roles.values())


def _create_role(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.MANAGE_ROLES)
    allowed = int(str(call.form.get("permissions", "0")))
    if allowed & ~call.world.permissions(guild, call.me):
        raise DiscordError(50013)
    role = call.world.add_role(guild, str(call.form.get("name", "new role")), allowed, position=1)
    moderation.write_audit(call.world, guild, 30, call.me, role["id"], reason=call.reason)
    return role


def _edit_role(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.MANAGE_ROLES)
    role = guild.roles.get(call.path["role_id"])
    if role is None:
        raise DiscordError(10011)
    for key in ("name", "permissions", "hoist", "mentionable", "color"):
        if call.form.get(key) is not None:
            role[key] = str(call.form[key]) if key == "permissions" else call.form[key]
    call.world.emit(
        Event(name="GUILD_ROLE_UPDATE", data={"guild_id": guild.id, "role": role}, guild_id=guild.id)
    )
    return role


def _delete_role(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.MANAGE_ROLES)
    role_id = call.path["role_id"]
    if guild.roles.pop(role_id, None) is None:
        raise DiscordError(10011)
    for member in guild.members.values():
        member["roles"] = [held for held in member["roles"] if held != role_id]
    data = {"guild_id": guild.id, "role_id": role_id}
    call.world.emit(Event(name="GUILD_ROLE_DELETE", data=data, guild_id=guild.id))


def _bans(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.BAN_MEMBERS)
    return [{"user": call.world.users[user_id], "reason": reason} for user_id, reason in guild.bans.items()]


def _ban_of(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.BAN_MEMBERS)
    user_id = call.path["user_id"]
    if user_id not in guild.bans:
        raise DiscordError(10026)
    return {"user": call.world.users[user_id], "reason": guild.bans[user_id]}


def _ban(call: Call) -> Answer:
    # nextcord puts the seconds into the query, Discord documents the body.
    given: dict[str, Any] = {**call.query, **(call.body if isinstance(call.body, dict) else {})}
    seconds = int(given.get("delete_message_seconds") or int(given.get("delete_message_days") or 0) * 86_400)
    moderation.ban(
        call.world, call.guild(), call.me, call.path["user_id"], delete_seconds=seconds, reason=call.reason
    )


def _unban(call: Call) -> Answer:
    moderation.unban(call.world, call.guild(), call.me, call.path["user_id"], call.reason)


def _bulk_ban(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.BAN_MEMBERS | permissions.MANAGE_GUILD)
    ids = [str(user_id) for user_id in call.form.get("user_ids", ())]
    if not 1 <= len(ids) <= 200:
        raise invalid("user_ids", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 200 in length.")
    banned, failed = [], []
    for user_id in ids:
        try:
            seconds = int(call.form.get("delete_message_seconds") or 0)
            moderation.ban(call.world, guild, call.me, user_id, delete_seconds=seconds, reason=call.reason)
            banned.append(user_id)
        except DiscordError:
            failed.append(user_id)
    if not banned:
        raise DiscordError(500000)
    return {"banned_users": banned, "failed_users": failed}


def _audit_log(call: Call) -> Answer:
    guild = call.guild()
    call.world.require(guild, call.me, permissions.VIEW_AUDIT_LOG)
    entries = list(guild.audit)
    for key, field in (("user_id", "user_id"), ("target_id", "target_id"), ("action_type", "action_type")):
        if key in call.query:
            entries = [entry for entry in entries if str(entry[field]) == call.query[key]]
    if "after" in call.query:
        entries = [entry for entry in entries if int(entry["id"]) > int(call.query["after"])]
    else:
        entries = entries[::-1]
    if "before" in call.query:
        entries = [entry for entry in entries if int(entry["id"]) < int(call.query["before"])]
    entries = entries[: max(1, min(int(call.query.get("limit", 50)), 100))]
    named = {str(entry["user_id"]) for entry in entries} | {str(entry["target_id"]) for entry in entries}
    users = [call.world.users[user_id] for user_id in sorted(named) if user_id in call.world.users]
    return {
        "audit_log_entries": entries,
        "users": users,
        "webhooks": [],
        **{name: [] for name in _EMPTY_LISTS},
    }


_G = "/guilds/{guild_id}"
_U = _G + "/members/{user_id}"
ROUTES = [
    Route("GET", _G, _guild),
    Route("GET", _G + "/channels", _channels),
    Route("POST", _G + "/channels", _create_channel),
    Route("GET", "/channels/{channel_id}", _channel),
    Route("PATCH", "/channels/{channel_id}", _edit_channel),
    Route("DELETE", "/channels/{channel_id}", _delete_channel),
    Route("GET", _G + "/members", _members),
    Route("PATCH", _G + "/members/@me", _edit_myself),
    Route("PATCH", _G + "/members/@me/nick", _edit_myself),
    Route("GET", _U, _member),
    Route("PATCH", _U, _edit_member),
    Route("DELETE", _U, _kick),
    Route("PUT", _U + "/roles/{role_id}", _add_role),
    Route("DELETE", _U + "/roles/{role_id}", _remove_role),
    Route("GET", _G + "/roles", _roles),
    Route("POST", _G + "/roles", _create_role),
    Route("PATCH", _G + "/roles/{role_id}", _edit_role),
    Route("DELETE", _G + "/roles/{role_id}", _delete_role),
    Route("GET", _G + "/bans", _bans),
    Route("GET", _G + "/bans/{user_id}", _ban_of),
    Route("PUT", _G + "/bans/{user_id}", _ban),
    Route("DELETE", _G + "/bans/{user_id}", _unban),
    Route("POST", _G + "/bulk-ban", _bulk_ban),
    Route("GET", _G + "/audit-logs", _audit_log),
]
