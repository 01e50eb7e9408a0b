"""Messages, reactions, typing, pins."""

from urllib.parse import unquote

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import talk
from droas_sandbox.world.state import Event, Guild, Json, Message

_THREADS = (10, 11, 12)


def _create(call: Call) -> Answer:
    guild, channel = call.channel()
    in_thread = channel["type"] in _THREADS
    needed = permissions.SEND_MESSAGES_IN_THREADS if in_thread else permissions.SEND_MESSAGES
    if call.form.get("message_reference"):
        needed |= permissions.READ_MESSAGE_HISTORY
    call.world.require(guild, call.me, needed, channel)
    if channel["type"] in (4, 15, 16):
        raise DiscordError(50024)
    if in_thread and channel["thread_metadata"]["archived"]:
        channel["thread_metadata"]["archived"] = False
        call.world.emit(
            Event(name="THREAD_UPDATE", data=channel, guild_id=channel["guild_id"], channel_id=channel["id"])
        )
    message = talk.say(call.world, channel["id"], call.world.user(call.me), call.form)
    return talk.shown(message)


def _history(call: Call) -> Answer:
    guild, channel = call.channel()
    allowed = call.world.permissions(guild, call.me, channel)
    if not allowed & permissions.READ_MESSAGE_HISTORY:
        return []
    return [talk.shown(message) for message in talk.history(call.world, channel["id"], dict(call.query))]


def _get(call: Call) -> Answer:
    _, _, message = _message(call, permissions.READ_MESSAGE_HISTORY)
    return talk.shown(message)


def _edit(call: Call) -> Answer:
    _, _, message = _message(call)
    return talk.shown(talk.edit(call.world, message, call.me, call.form))


def _delete(call: Call) -> Answer:
    guild, channel, message = _message(call)
    if message.data["author"]["id"] != call.me:
        call.world.require(guild, call.me, permissions.MANAGE_MESSAGES, channel)
    talk.delete(call.world, message, call.me, call.reason)


def _bulk(call: Call) -> Answer:
    guild, channel = call.channel(permissions.MANAGE_MESSAGES)
    if guild is None:
        raise DiscordError(50024)
    ids = [str(message_id) for message_id in call.form.get("messages", ())]
    talk.delete_bulk(call.world, guild, channel["id"], ids, call.me, call.reason)


def _typing(call: Call) -> Answer:
    _, channel = call.channel(permissions.SEND_MESSAGES)
    talk.typing(call.world, channel["id"], call.me)


def _react(call: Call) -> Answer:
    guild, channel, message = _message(call, permissions.READ_MESSAGE_HISTORY)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        call.world.require(guild, call.me, permissions.ADD_REACTIONS, channel)
    talk.react(call.world, message, call.me, emoji, add=True)


def _unreact(call: Call) -> Answer:
    guild, channel, message = _message(call)
    user_id = call.path["user_id"]
    target = call.me if user_id == "@me" else user_id
    if target != call.me:
        call.world.require(guild, call.me, permissions.MANAGE_MESSAGES, channel)
    talk.react(call.world, message, target, _emoji(call), add=False)


def _reactors(call: Call) -> Answer:
    _, _, message = _message(call)
    return [call.world.users[user_id] for user_id in message.reactions.get(_emoji(call), ())]


def _clear_reactions(call: Call) -> Answer:
    _, _, message = _message(call, permissions.MANAGE_MESSAGES)
    for emoji, holders in list(message.reactions.items()):
        for user_id in list(holders):
            talk.react(call.world, message, user_id, emoji, add=False)


def _pin(call: Call) -> Answer:
    _, _, message = _message(call, permissions.MANAGE_MESSAGES)
    message.data["pinned"] = True


def _unpin(call: Call) -> Answer:
    _, _, message = _message(call, permissions.MANAGE_MESSAGES)
    message.data["pinned"] = False


def _pins(call: Call) -> Answer:
    _, channel = call.channel()
    kept = call.world.messages.get(channel["id"], {}).values()
    return [talk.shown(message) for message in kept if message.data["pinned"] and not message.deleted]


def _message(call: Call, needed: int = 0) -> tuple[Guild | None, Json, Message]:
    guild, channel = call.channel(needed)
    return guild, channel, talk.find(call.world, channel["id"], call.path["message_id"])


def _emoji(call: Call) -> str:
    emoji = unquote(call.path["emoji"])
    if emoji.isascii() and ":" not in emoji:
        raise DiscordError(10014)
    return emoji


_M = "/channels/{channel_id}/messages"
_ONE = _M + "/{message_id}"
ROUTES = [
    Route("POST", _M, _create),
    Route("GET", _M, _history),
    Route("POST", _M + "/bulk-delete", _bulk),
    Route("GET", _ONE, _get),
    Route("PATCH", _ONE, _edit),
    Route("DELETE", _ONE, _delete),
    Route("PUT", _ONE + "/reactions/{emoji}/@me", _react),
    Route("DELETE", _ONE + "/reactions/{emoji}/{user_id}", _unreact),
    Route("GET", _ONE + "/reactions/{emoji}", _reactors),
    Route("DELETE", _ONE + "/reactions", _clear_reactions),
    Route("POST", "/channels/{channel_id}/typing", _typing),
    Route("GET", "/channels/{channel_id}/pins", _pins),
    Route("PUT", "/channels/{channel_id}/pins/{message_id}", _pin),
    Route("DELETE", "/channels/{channel_id}/pins/{message_id}", _unpin),
]
