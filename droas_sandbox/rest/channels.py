"""Channels of groups and their permission overwrites."""

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route, public
from droas_sandbox.rest.fields import NOTHING, choice, chosen
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import ARCHIVE_MINUTES, THREADS, Event, Guild, Json

_EDITABLE = {
    "name": (str,),
    "topic": (str, NOTHING),
    "nsfw": (bool,),
    "rate_limit_per_user": (int, NOTHING),
    "permission_overwrites": (list, NOTHING),
    "position": (int,),
    "parent_id": (str, int, NOTHING),
}
_THREAD = {"name": (str,), "rate_limit_per_user": (int,)}
_THREAD_METADATA = {
    "archived": (bool,),
    "locked": (bool,),
    "auto_archive_duration": (int,),
    "invitable": (bool,),
}
GUILD_CHANNELS = (0, 2, 4, 5, 13, 14, 15, 16)
"""Types of channels that a group can have, threads left out."""

CATEGORY = 4
MAX_CHANNELS = 500
MAX_SLOWMODE_S = 21_600


def _list(call: Call) -> Answer:
    return [public(channel) for channel in call.guild().channels.values() if channel["type"] not in THREADS]


def _create(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_CHANNELS)
    if len(guild.channels) >= MAX_CHANNELS:
        raise DiscordError(30013)
    given = {key: value for key, value in chosen(call.form, _EDITABLE).items() if value is not None}
    name, kind = call.text("name", 1, 100), choice(call.form, "type", GUILD_CHANNELS, 0)
    channel = call.world.add_channel(guild, name, kind, fields=_checked(call, guild, given))
    write_audit(call.world, guild, 10, call.me, channel["id"], reason=call.reason)
    return 201, channel


def _get(call: Call) -> Answer:
    return public(call.channel()[1])


def _edit(call: Call) -> Answer:
    guild, channel = call.guild_channel()
    if channel["type"] in THREADS:
        return _edit_thread(call, guild, channel)
    call.world.require(guild, call.me, permissions.MANAGE_CHANNELS, channel)
    channel |= _checked(call, guild, chosen(call.form, _EDITABLE))
    _tell(call, "CHANNEL_UPDATE", guild, channel)
    write_audit(call.world, guild, 11, call.me, channel["id"], reason=call.reason)
    return public(channel)


def _edit_thread(call: Call, guild: Guild, thread: Json) -> Answer:
    if thread["owner_id"] != call.me:
        call.world.require(guild, call.me, permissions.MANAGE_THREADS, thread)
    given = _checked(call, guild, chosen(call.form, _THREAD))
    metadata = chosen(call.form, _THREAD_METADATA)
    if "auto_archive_duration" in metadata:
        choice(metadata, "auto_archive_duration", ARCHIVE_MINUTES)
    thread |= given
    told = thread["thread_metadata"]
    told |= metadata
    if "archived" in call.form:
        told["archive_timestamp"] = call.world.clock.timestamp()
    _tell(call, "THREAD_UPDATE", guild, thread)
    write_audit(call.world, guild, 111, call.me, thread["id"], reason=call.reason)
    return thread


def _delete(call: Call) -> Answer:
    guild, channel = call.channel()
    if guild is None:
        return public(channel)
    thread = channel["type"] in THREADS
    needed = permissions.MANAGE_THREADS if thread else permissions.MANAGE_CHANNELS
    call.world.require(guild, call.me, needed, channel)
    keys = ("id", "guild_id", "parent_id", "type")
    data = {key: channel[key] for key in keys} if thread else channel
    _tell(call, "THREAD_DELETE" if thread else "CHANNEL_DELETE", guild, channel, data)
    del guild.channels[channel["id"]]
    call.world.messages.pop(channel["id"], None)
    write_audit(call.world, guild, 112 if thread else 12, call.me, channel["id"], reason=call.reason)
    return public(channel)


def _permit(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.MANAGE_ROLES)
    made = {"id": call.path["overwrite_id"], **call.form}
    kept = [one for one in channel["permission_overwrites"] if one["id"] != made["id"]]
    channel["permission_overwrites"] = _overwrites([*kept, made])
    _tell(call, "CHANNEL_UPDATE", guild, channel)
    write_audit(call.world, guild, 14, call.me, channel["id"], reason=call.reason)


def _forbid(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.MANAGE_ROLES)
    kept = [one for one in channel["permission_overwrites"] if one["id"] != call.path["overwrite_id"]]
    channel["permission_overwrites"] = kept
    _tell(call, "CHANNEL_UPDATE", guild, channel)
    write_audit(call.world, guild, 15, call.me, channel["id"], reason=call.reason)


def _checked(call: Call, guild: Guild, given: Json) -> Json:
    """Give what is to be changed of a channel, as it is kept; raises 50035 before anything is changed."""
    if "name" in given:
        given["name"] = call.text("name", 1, 100)
    if "rate_limit_per_user" in given:
        given["rate_limit_per_user"] = given["rate_limit_per_user"] or 0
        if not 0 <= given["rate_limit_per_user"] <= MAX_SLOWMODE_S:
            raise invalid("rate_limit_per_user", "NUMBER_TYPE_MAX", "int value should be at most 21600.")
    if "permission_overwrites" in given:
        given["permission_overwrites"] = _overwrites(given["permission_overwrites"])
    if given.get("parent_id") is not None:
        given["parent_id"] = str(given["parent_id"])
        if guild.channels.get(given["parent_id"], {}).get("type") != CATEGORY:
            raise invalid("parent_id", "CHANNEL_PARENT_INVALID", "The parent is no category of this group.")
    return given


def _overwrites(given: list[Json] | None) -> list[Json]:
    """Read permission overwrites; raises 50035 for one of another shape."""
    made = []
    for index, one in enumerate(given or ()):
        kind, bits = one.get("type") or 0, [int(one.get(key) or 0) for key in ("allow", "deny")]
        if not str(one["id"]).isdecimal() or kind not in (0, 1) or min(bits) < 0:
            words = "An overwrite has the id of a role or a member, its type and permissions."
            raise invalid(f"permission_overwrites.{index}", "MODEL_TYPE_CONVERT", words)
        made.append({"id": str(one["id"]), "type": int(kind), "allow": str(bits[0]), "deny": str(bits[1])})
    return made


def _tell(call: Call, name: str, guild: Guild, channel: Json, data: Json | None = None) -> None:
    place = {"guild_id": guild.id, "channel_id": channel["id"]}
    call.world.emit(Event(name=name, data=channel if data is None else data, **place))


_C = "/channels/{channel_id}"
ROUTES = [
    Route("GET", "/guilds/{guild_id}/channels", _list),
    Route("POST", "/guilds/{guild_id}/channels", _create),
    Route("GET", _C, _get),
    Route("PATCH", _C, _edit),
    Route("DELETE", _C, _delete),
    Route("PUT", _C + "/permissions/{overwrite_id}", _permit),
    Route("DELETE", _C + "/permissions/{overwrite_id}", _forbid),
]
