"""Threads: from a message, without one, joining."""

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import objects, talk
from droas_sandbox.world.state import Event, Guild, Json


def _from_message(call: Call) -> Answer:
    guild, channel = call.channel(permissions.CREATE_PUBLIC_THREADS)
    if guild is None:
        raise DiscordError(50024)
    message = talk.find(call.world, channel["id"], call.path["message_id"])
    if message.data["id"] in guild.channels:
        raise DiscordError(160004)
    return 201, _open(call, guild, channel, message.data["id"], 11)


def _without_message(call: Call) -> Answer:
    guild, channel = call.channel()
    if guild is None:
        raise DiscordError(50024)
    kind = int(call.form.get("type", 12))
    needed = permissions.CREATE_PRIVATE_THREADS if kind == 12 else permissions.CREATE_PUBLIC_THREADS
    call.world.require(guild, call.me, needed, channel)
    return 201, _open(call, guild, channel, call.world.snowflakes.new(), kind)


def _join(call: Call) -> Answer:
    call.channel()


def _members(call: Call) -> Answer:
    _, thread = call.channel()
    return [thread["member"]] if "member" in thread else []


def _open(call: Call, guild: Guild, parent: Json, thread_id: str, kind: int) -> Json:
    now = call.world.clock.timestamp()
    minutes = int(call.form.get("auto_archive_duration") or 1440)
    thread = objects.thread(thread_id, parent, call.me, str(call.form.get("name", "")), kind, minutes, now)
    thread["member"] = {"id": thread_id, "user_id": call.me, "join_timestamp": now, "flags": 0}
    guild.channels[thread_id] = thread
    data = {**thread, "newly_created": True}
    call.world.emit(Event(name="THREAD_CREATE", data=data, guild_id=guild.id, channel_id=thread_id))
    return thread


ROUTES = [
    Route("POST", "/channels/{channel_id}/messages/{message_id}/threads", _from_message),
    Route("POST", "/channels/{channel_id}/threads", _without_message),
    Route("PUT", "/channels/{channel_id}/thread-members/@me", _join),
    Route("POST", "/channels/{channel_id}/thread-members/@me", _join),
    Route("GET", "/channels/{channel_id}/thread-members", _members),
]
