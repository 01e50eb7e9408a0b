"""What moderators do: time-outs, kicks, bans, roles, names; and the audit log of it.

Source: Discord API reference, Guild and Audit Log.
"""

from typing import Any

from droas_sandbox import permissions
from droas_sandbox.clock import parse_iso
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.contents import too_long
from droas_sandbox.world.removal import delete_recent
from droas_sandbox.world.state import Event, Guild, Json
from droas_sandbox.world.world import World

MAX_TIMEOUT_S = 28 * 86_400.0
MAX_NICK = 32
_TIMEOUT = "communication_disabled_until"
_FIELDS: dict[str, int] = {
    "nick": permissions.MANAGE_NICKNAMES,
    "roles": permissions.MANAGE_ROLES,
    "communication_disabled_until": permissions.MODERATE_MEMBERS,
}


def edit_member(
    world: World, guild: Guild, actor_id: str, user_id: str, given: Json, reason: str | None
) -> Json:
    """Change a member's name, roles or time-out, each with its own permission."""
    world.member(guild, user_id)
    for field, needed in _FIELDS.items():
        if field in given:
            own_name = field == "nick" and actor_id == user_id
            world.require(guild, actor_id, permissions.CHANGE_NICKNAME if own_name else needed)
    if actor_id != user_id:
        world.require_above(guild, actor_id, user_id)
    member = guild.members[user_id]
    nick = given.get("nick") or ""
    if not isinstance(nick, str) or len(nick) > MAX_NICK:
        raise too_long("nick", MAX_NICK)
    if "roles" in given and not isinstance(given["roles"], list):
        raise invalid("roles", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    changes: list[Json] = []
    if "communication_disabled_until" in given:
        changes.append(_time_out(world, guild, user_id, given["communication_disabled_until"]))
    if "nick" in given:
        changes.append({"key": "nick", "old_value": member["nick"], "new_value": given["nick"]})
        member["nick"] = given["nick"] or None
    if changes:
        write_audit(world, guild, 24, actor_id, user_id, reason=reason, changes=changes)
    if "roles" in given:
        _set_roles(world, guild, actor_id, user_id, [str(role_id) for role_id in given["roles"]], reason)
    tell_member(world, guild, user_id)
    return world.member(guild, user_id)


def change_role(
    world: World, guild: Guild, actor_id: str, user_id: str, role_id: str, *, add: bool, reason: str | None
) -> None:
    """Give somebody a role, or take it."""
    if role_id not in guild.roles:
        raise DiscordError(10011)
    held = list(world.member(guild, user_id)["roles"])
    wanted = (
        [*held, role_id] if add and role_id not in held else [one for one in held if add or one != role_id]
    )
    world.require(guild, actor_id, permissions.MANAGE_ROLES)
    _set_roles(world, guild, actor_id, user_id, wanted, reason)
    tell_member(world, guild, user_id)


def kick(world: World, guild: Guild, actor_id: str, user_id: str, reason: str | None) -> None:
    """Throw somebody out."""
    world.require(guild, actor_id, permissions.KICK_MEMBERS)
    world.member(guild, user_id)
    world.require_above(guild, actor_id, user_id)
    world.leave(guild, user_id)
    write_audit(world, guild, 20, actor_id, user_id, reason=reason)


def ban(
    world: World, guild: Guild, actor_id: str, user_id: str, *, delete_seconds: int, reason: str | None
) -> None:
    """Keep somebody out, and delete what he wrote lately."""
    world.require(guild, actor_id, permissions.BAN_MEMBERS)
    user = world.user(user_id)
    if user_id in guild.members:
        world.require_above(guild, actor_id, user_id)
    guild.bans[user_id] = reason
    data = {"guild_id": guild.id, "user": user}
    world.emit(Event(name="GUILD_BAN_ADD", data=data, guild_id=guild.id))
    if user_id in guild.members:
        world.leave(guild, user_id)
    delete_recent(world, guild, user_id, actor_id, delete_seconds, reason)
    write_audit(world, guild, 22, actor_id, user_id, reason=reason)


def unban(world: World, guild: Guild, actor_id: str, user_id: str, reason: str | None) -> None:
    """Let somebody in again."""
    world.require(guild, actor_id, permissions.BAN_MEMBERS)
    if user_id not in guild.bans:
        raise DiscordError(10026)
    del guild.bans[user_id]
    data = {"guild_id": guild.id, "user": world.users[user_id]}
    world.emit(Event(name="GUILD_BAN_REMOVE", data=data, guild_id=guild.id))
    write_audit(world, guild, 23, actor_id, user_id, reason=reason)


def tell_member(world: World, guild: Guild, user_id: str) -> None:
    """Tell that a member has changed."""
    data: dict[str, Any] = {**world.member(guild, user_id), "guild_id": guild.id}
    world.emit(Event(name="GUILD_MEMBER_UPDATE", data=data, guild_id=guild.id))


def _time_out(world: World, guild: Guild, user_id: str, until: Any) -> Json:
    allowed = world.permissions(guild, user_id)
    if until is not None:
        moment = parse_iso(str(until))
        if moment is None:
            raise invalid(_TIMEOUT, "DATE_TIME_TYPE_PARSE", f"Could not parse {until}.")
        if moment - world.clock.now() > MAX_TIMEOUT_S:
            raise invalid(_TIMEOUT, "DATE_TIME_TYPE_MAX", "Must be at most 28 days ahead.")
        if allowed & permissions.ADMINISTRATOR:
            raise DiscordError(50013)
    member = guild.members[user_id]
    before, member["communication_disabled_until"] = member["communication_disabled_until"], until
    return {"key": "communication_disabled_until", "old_value": before, "new_value": until}


def _set_roles(
    world: World, guild: Guild, actor_id: str, user_id: str, wanted: list[str], reason: str | None
) -> None:
    if unknown := [role_id for role_id in wanted if role_id not in guild.roles]:
        raise DiscordError(10011, message=f"Unknown Role {unknown[0]}")
    member = guild.members[user_id]
    before, after = set(member["roles"]), set(wanted)
    if any(guild.roles[role_id]["managed"] or role_id == guild.id for role_id in before ^ after):
        raise DiscordError(50013)
    if guild.data["owner_id"] != actor_id:
        highest = world.top(guild, actor_id)
        if any(guild.roles[role_id]["position"] >= highest for role_id in before ^ after):
            raise DiscordError(50013)
    member["roles"] = wanted
    changes = [
        {
            "key": key,
            "new_value": [{"id": role_id, "name": guild.roles[role_id]["name"]} for role_id in sorted(ids)],
        }
        for key, ids in (("$add", after - before), ("$remove", before - after))
        if ids
    ]
    if changes:
        write_audit(world, guild, 25, actor_id, user_id, reason=reason, changes=changes)
