"""Messages: sending, reading, changing, deleting, pins; and typing."""

from droas_sandbox import permissions
from droas_sandbox.clock import iso
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import history, removal, talk
from droas_sandbox.world.state import THREADS, Event, Guild, Json

_WITHOUT_MESSAGES = (4, 15, 16)


def _create(call: Call) -> Answer:
    guild, channel = call.channel()
    thread = channel["type"] in THREADS
    needed = permissions.SEND_MESSAGES_IN_THREADS if thread else permissions.SEND_MESSAGES
    if call.form.get("message_reference"):
        needed |= permissions.READ_MESSAGE_HISTORY
    call.world.require(guild, call.me, needed, channel)
    if channel["type"] in _WITHOUT_MESSAGES:
        raise DiscordError(50008)
    if guild is None:
        _check_recipient(call, channel)
    if thread and guild is not None:
        _wake(call, guild, channel)
    return call.show(talk.say(call.world, channel["id"], call.world.user(call.me), call.form))


def _check_recipient(call: Call, channel: Json) -> None:
    if any(user["id"] in call.world.closed_dms for user in channel["recipients"]):
        raise DiscordError(50007)


def _wake(call: Call, guild: Guild, thread: Json) -> None:
    """Take a thread out of the archive because somebody speaks in it."""
    told = thread["thread_metadata"]
    may_manage = call.world.permissions(guild, call.me, thread) & permissions.MANAGE_THREADS
    if told["locked"] and not may_manage:
        raise DiscordError(160005)
    if not told["archived"]:
        return
    told |= {"archived": False, "archive_timestamp": call.world.clock.timestamp()}
    place = {"guild_id": guild.id, "channel_id": thread["id"]}
    call.world.emit(Event(name="THREAD_UPDATE", data=thread, **place))
    member = {**thread["member"], "guild_id": guild.id}
    only = frozenset({thread["member"]["user_id"]})
    call.world.emit(Event(name="THREAD_MEMBER_UPDATE", data=member, only=only, **place))


def _history(call: Call) -> Answer:
    guild, channel = call.channel()
    if not call.world.permissions(guild, call.me, channel) & permissions.READ_MESSAGE_HISTORY:
        return []
    return [call.show(message) for message in history.page(call.world, channel["id"], call.query)]


def _get(call: Call) -> Answer:
    return call.show(call.message(permissions.READ_MESSAGE_HISTORY)[2])


def _edit(call: Call) -> Answer:
    guild, channel, message = call.message()
    if message.data["author"]["id"] != call.me and not call.form.keys() - {"flags"}:
        call.world.require(guild, call.me, permissions.MANAGE_MESSAGES, channel)
    return call.show(talk.edit(call.world, message, call.me, call.form))


def _delete(call: Call) -> Answer:
    guild, channel, message = call.message()
    if message.data["author"]["id"] != call.me:
        if guild is None:
            raise DiscordError(50003)
        call.world.require(guild, call.me, permissions.MANAGE_MESSAGES, channel)
    removal.delete(call.world, message, call.me, call.reason)


def _bulk(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.MANAGE_MESSAGES)
    given = call.form.get("messages")
    ids = [str(message_id) for message_id in given] if isinstance(given, list) else []
    if not all(one.isdecimal() for one in ids):
        raise invalid("messages.0", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
    removal.delete_bulk(call.world, guild, channel["id"], ids, call.me, call.reason)


def _typing(call: Call) -> Answer:
    guild, channel = call.channel()
    thread = channel["type"] in THREADS
    needed = permissions.SEND_MESSAGES_IN_THREADS if thread else permissions.SEND_MESSAGES
    call.world.require(guild, call.me, needed, channel)
    talk.typing(call.world, channel["id"], call.me)


def _pin(call: Call) -> Answer:
    talk.pin(call.world, call.message(permissions.PIN_MESSAGES)[2], call.me, call.reason, on=True)


def _unpin(call: Call) -> Answer:
    talk.pin(call.world, call.message(permissions.PIN_MESSAGES)[2], call.me, call.reason, on=False)


def _pins(call: Call) -> Answer:
    _, channel = call.channel(permissions.READ_MESSAGE_HISTORY)
    return [call.show(message) for message in history.pinned(call.world, channel["id"])]


def _pins_page(call: Call) -> Answer:
    _, channel = call.channel(permissions.READ_MESSAGE_HISTORY)
    limit = call.number("limit", 50, 1, 50)
    found = history.pinned(call.world, channel["id"], before=call.query.get("before"))
    items = [
        {"pinned_at": iso(message.pinned_at or 0), "message": call.show(message)} for message in found[:limit]
    ]
    return {"items": items, "has_more": len(found) > limit}


_C = "/channels/{channel_id}"
_M = _C + "/messages"
_ONE = _M + "/{message_id}"
ROUTES = [
    Route("POST", _M, _create),
    Route("GET", _M, _history),
    Route("POST", _M + "/bulk-delete", _bulk),
    Route("GET", _M + "/pins", _pins_page),
    Route("PUT", _M + "/pins/{message_id}", _pin),
    Route("DELETE", _M + "/pins/{message_id}", _unpin),
    Route("GET", _ONE, _get),
    Route("PATCH", _ONE, _edit),
    Route("DELETE", _ONE, _delete),
    Route("POST", _C + "/typing", _typing),
    Route("GET", _C + "/pins", _pins),
    Route("PUT", _C + "/pins/{message_id}", _pin),
    Route("DELETE", _C + "/pins/{message_id}", _unpin),
]
