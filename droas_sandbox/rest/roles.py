"""Roles of groups: nobody makes or touches one that is not below his own.

Source: Discord API reference, Guild: Roles, and Permissions: Permission Hierarchy.
"""

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.rest.fields import NOTHING, chosen
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import Event, Guild, Json

MAX_ROLES = 250
_EDITABLE = {
    "name": (str, NOTHING),
    "permissions": (str, int, NOTHING),
    "hoist": (bool, NOTHING),
    "mentionable": (bool, NOTHING),
    "color": (int, NOTHING),
    "colors": (dict, NOTHING),
}


def _list(call: Call) -> Answer:
    return list(call.guild().roles.values())


def _get(call: Call) -> Answer:
    return _role(call, call.guild())


def _create(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_ROLES)
    if len(guild.roles) >= MAX_ROLES:
        raise DiscordError(30005)
    allowed = _grantable(call, guild, call.form.get("permissions") or 0)
    _make_room(call, guild)
    role = call.world.add_role(guild, call.text("name", 0, 100, "new role"), allowed, position=1, quiet=True)
    _change(role, {key: value for key, value in call.form.items() if key != "permissions"})
    _tell(call, "GUILD_ROLE_CREATE", guild, role)
    write_audit(call.world, guild, 30, call.me, role["id"], reason=call.reason)
    return role


def _edit(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_ROLES)
    role = _role(call, guild)
    _check_below(call, guild, role)
    if call.form.get("permissions") is not None:
        _grantable(call, guild, call.form["permissions"])
    _change(role, call.form)
    _tell(call, "GUILD_ROLE_UPDATE", guild, role)
    write_audit(call.world, guild, 31, call.me, role["id"], reason=call.reason)
    return role


def _move(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_ROLES)
    if not isinstance(call.body, list):
        raise invalid("_errors", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    wanted = {str(one["id"]): one.get("position") for one in call.body}
    for role_id, position in wanted.items():
        role = guild.roles.get(role_id)
        if role is None:
            raise DiscordError(10011)
        _check_below(call, guild, role)
        _check_position(call, guild, position)
    for role_id, position in wanted.items():
        if position is not None:
            guild.roles[role_id]["position"] = int(position)
            _tell(call, "GUILD_ROLE_UPDATE", guild, guild.roles[role_id])
    return list(guild.roles.values())


def _delete(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_ROLES)
    role = _role(call, guild)
    _check_below(call, guild, role)
    if role["managed"] or role["id"] == guild.id:
        raise DiscordError(50028)
    del guild.roles[role["id"]]
    for member in guild.members.values():
        member["roles"] = [held for held in member["roles"] if held != role["id"]]
    data = {"guild_id": guild.id, "role_id": role["id"]}
    call.world.emit(Event(name="GUILD_ROLE_DELETE", data=data, guild_id=guild.id))
    write_audit(call.world, guild, 32, call.me, role["id"], reason=call.reason)


def _make_room(call: Call, guild: Guild) -> None:
    """Move all roles up by one: a new role begins right above @everyone."""
    for role in guild.roles.values():
        if role["id"] != guild.id:
            role["position"] += 1
            _tell(call, "GUILD_ROLE_UPDATE", guild, role)


def _role(call: Call, guild: Guild) -> Json:
    role = guild.roles.get(call.path["role_id"])
    if role is None:
        raise DiscordError(10011)
    return role


def _check_below(call: Call, guild: Guild, role: Json) -> None:
    if guild.data["owner_id"] != call.me and role["position"] >= call.world.top(guild, call.me):
        raise DiscordError(50013)


def _check_position(call: Call, guild: Guild, position: object) -> None:
    owner = guild.data["owner_id"] == call.me
    if isinstance(position, int) and not owner and position >= call.world.top(guild, call.me):
        raise DiscordError(50013)


def _grantable(call: Call, guild: Guild, given: object) -> int:
    """Read permissions that the bot wants to give; raises 50013 for those that it has not itself."""
    allowed = int(str(given))
    if allowed & ~call.world.permissions(guild, call.me):
        raise DiscordError(50013)
    return allowed


def _change(role: Json, given: Json) -> None:
    wanted = {key: value for key, value in chosen(given, _EDITABLE).items() if value is not None}
    if "permissions" in wanted:
        wanted["permissions"] = str(int(wanted["permissions"]))
    if "color" in wanted:
        wanted.setdefault("colors", {"primary_color": wanted["color"]})
    wanted["colors"] = {**role["colors"], **wanted.get("colors", {})}
    role |= wanted


def _tell(call: Call, name: str, guild: Guild, role: Json) -> None:
    call.world.emit(Event(name=name, data={"guild_id": guild.id, "role": role}, guild_id=guild.id))


_R = "/guilds/{guild_id}/roles"
ROUTES = [
    Route("GET", _R, _list),
    Route("POST", _R, _create),
    Route("PATCH", _R, _move),
    Route("GET", _R + "/{role_id}", _get),
    Route("PATCH", _R + "/{role_id}", _edit),
    Route("DELETE", _R + "/{role_id}", _delete),
]
