"""Reactions to messages."""

from urllib.parse import unquote

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import reactions


def _react(call: Call) -> Answer:
    guild, channel, message = call.message(permissions.READ_MESSAGE_HISTORY)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        call.world.require(guild, call.me, permissions.ADD_REACTIONS, channel)
    reactions.react(call.world, message, call.me, emoji, add=True)


def _unreact(call: Call) -> Answer:
    guild, channel, message = call.message()
    user_id = call.path["user_id"]
    target = call.me if user_id == "@me" else user_id
    if target != call.me:
        call.world.require(guild, call.me, permissions.MANAGE_MESSAGES, channel)
    reactions.react(call.world, message, target, _emoji(call), add=False)


def _reactors(call: Call) -> Answer:
    _, _, message = call.message(permissions.READ_MESSAGE_HISTORY)
    limit, after = call.number("limit", 25, 1, 100), int(call.query.get("after", 0))
    holders = sorted(message.reactions.get(_emoji(call), ()), key=int)
    return [call.world.users[user_id] for user_id in holders if int(user_id) > after][:limit]


def _clear(call: Call) -> Answer:
    reactions.clear(call.world, call.message(permissions.MANAGE_MESSAGES)[2])


def _clear_emoji(call: Call) -> Answer:
    reactions.clear(call.world, call.message(permissions.MANAGE_MESSAGES)[2], _emoji(call))


def _emoji(call: Call) -> str:
    """Give the emoji of the path: unicode, or `name:id`; raises 10014."""
    emoji = unquote(call.path["emoji"])
    name, colon, emoji_id = emoji.partition(":")
    custom = bool(colon and name and emoji_id.isdecimal())
    if emoji.isascii() and not custom:
        raise DiscordError(10014)
    return emoji


_R = "/channels/{channel_id}/messages/{message_id}/reactions"
ROUTES = [
    Route("PUT", _R + "/{emoji}/@me", _react),
    Route("DELETE", _R + "/{emoji}/{user_id}", _unreact),
    Route("GET", _R + "/{emoji}", _reactors),
    Route("DELETE", _R + "/{emoji}", _clear_emoji),
    Route("DELETE", _R, _clear),
]
