"""Channels of groups and their permission overwrites."""

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route, public
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import THREADS, Event, Guild, Json

_EDITABLE = ("name", "topic", "nsfw", "rate_limit_per_user", "permission_overwrites", "position", "parent_id")
_THREAD_FIELDS = ("archived", "locked", "auto_archive_duration", "invitable")
MAX_CHANNELS = 500


def _list(call: Call) -> Answer:
    return [public(channel) for channel in call.guild().channels.values() if channel["type"] not in THREADS]


def _create(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_CHANNELS)
    if len(guild.channels) >= MAX_CHANNELS:
        raise DiscordError(30013)
    channel = call.world.add_channel(guild, call.text("name", 1, 100), int(call.form.get("type") or 0))
    for key in _EDITABLE:
        if call.form.get(key) is not None:
            channel[key] = call.form[key]
    channel["permission_overwrites"] = _overwrites(channel["permission_overwrites"])
    write_audit(call.world, guild, 10, call.me, channel["id"], reason=call.reason)
    return 201, channel


def _get(call: Call) -> Answer:
    return public(call.channel()[1])


def _edit(call: Call) -> Answer:
    guild, channel = call.guild_channel()
    if channel["type"] in THREADS:
        return _edit_thread(call, guild, channel)
    call.world.require(guild, call.me, permissions.MANAGE_CHANNELS, channel)
    slow = call.form.get("rate_limit_per_user")
    if slow is not None and not 0 <= int(slow) <= 21_600:
        raise invalid("rate_limit_per_user", "NUMBER_TYPE_MAX", "int value should be at most 21600.")
    for key in _EDITABLE:
        if key in call.form:
            channel[key] = call.form[key]
    channel["permission_overwrites"] = _overwrites(channel["permission_overwrites"])
    _tell(call, "CHANNEL_UPDATE", guild, channel)
    write_audit(call.world, guild, 11, call.me, channel["id"], reason=call.reason)
    return public(channel)


def _edit_thread(call: Call, guild: Guild, thread: Json) -> Answer:
    if thread["owner_id"] != call.me:
        call.world.require(guild, call.me, permissions.MANAGE_THREADS, thread)
    for key in ("name", "rate_limit_per_user"):
        if key in call.form:
            thread[key] = call.form[key]
    told = thread["thread_metadata"]
    told |= {key: call.form[key] for key in _THREAD_FIELDS if key in call.form}
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


def _overwrites(given: list[Json] | None) -> list[Json]:
    return [
        {
            "id": str(one["id"]),
            "type": int(one.get("type") or 0),
            "allow": str(one.get("allow") or 0),
            "deny": str(one.get("deny") or 0),
        }
        for one in given or ()
    ]


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
