"""Webhooks: made by moderators, executed by whoever has the token.

Source: Discord API reference, Webhook. Interactions answer on the same routes, see `interactions.py`.
"""

import secrets

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest import interactions
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import history, objects, removal, talk
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.state import THREADS, Event, Json, Message

MAX_WEBHOOKS = 15
_REFUSED_NAMES = ("clyde", "discord")


def _create(call: Call) -> Answer:
    guild, channel = call.guild_channel(permissions.MANAGE_WEBHOOKS)
    name = _name(call)
    if sum(hook["channel_id"] == channel["id"] for hook in call.world.webhooks.values()) >= MAX_WEBHOOKS:
        raise DiscordError(30007)
    made = objects.webhook(
        call.world.snowflakes.new(),
        channel,
        name,
        secrets.token_urlsafe(51),
        call.world.user(call.me),
        call.base,
    )
    call.world.webhooks[made["id"]] = made
    _tell(call, made)
    write_audit(call.world, guild, 50, call.me, made["id"], reason=call.reason)
    return made


def _of_channel(call: Call) -> Answer:
    _, channel = call.channel(permissions.MANAGE_WEBHOOKS)
    return [hook for hook in call.world.webhooks.values() if hook["channel_id"] == channel["id"]]


def _get(call: Call) -> Answer:
    hook = _hook(call)
    if "token" in call.path:
        return {key: value for key, value in hook.items() if key != "user"}
    _require(call, hook)
    return hook


def _edit(call: Call) -> Answer:
    hook = _hook(call)
    if "token" not in call.path:
        _require(call, hook)
    if "name" in call.form:
        hook["name"] = _name(call)
    if "channel_id" in call.form and "token" not in call.path:
        hook["channel_id"] = _new_place(call, hook)
    _tell(call, hook)
    if "token" not in call.path:
        guild = call.world.guild(hook["guild_id"])
        write_audit(call.world, guild, 51, call.me, hook["id"], reason=call.reason)
    return hook


def _drop(call: Call) -> Answer:
    hook = _hook(call)
    guild = call.world.guild(hook["guild_id"])
    if "token" not in call.path:
        _require(call, hook)
    del call.world.webhooks[hook["id"]]
    _tell(call, hook)
    if "token" not in call.path:
        write_audit(call.world, guild, 52, call.me, hook["id"], reason=call.reason)


def _execute(call: Call) -> Answer:
    interaction = interactions.of_token(call)
    if interaction is not None:
        return interactions.follow_up(call, interaction)
    hook = _hook(call)
    name = str(call.form.get("username") or hook["name"])
    author = objects.user(hook["id"], name, None, bot=True)
    left_out = ("username", "avatar_url", "nonce", "message_reference")
    given = {key: value for key, value in call.form.items() if key not in left_out}
    extras = {"webhook_id": hook["id"]}
    place = _place(call, hook)
    message = talk.say(call.world, place, author, given, defaults=talk.USERS_ONLY, extras=extras)
    wait = call.query.get("wait", "false").lower() in ("true", "1")
    return history.shown(message) if wait else None


def _get_message(call: Call) -> Answer:
    return history.shown(_message(call))


def _edit_message(call: Call) -> Answer:
    interaction = interactions.of_token(call)
    if interaction is not None and interaction.deferred and interaction.original is None:
        return history.shown(interactions.say(call, interaction, call.form))
    message = _message(call)
    author_id = message.data["author"]["id"]
    return history.shown(talk.edit(call.world, message, author_id, call.form, talk.USERS_ONLY))


def _delete_message(call: Call) -> Answer:
    message = _message(call)
    removal.delete(call.world, message, message.data["author"]["id"])


def _hook(call: Call) -> Json:
    hook = call.world.webhooks.get(call.path["webhook_id"])
    if hook is None:
        raise DiscordError(10015)
    token = call.path.get("token")
    if token is not None and token != hook["token"]:
        raise DiscordError(50027)
    return hook


def _require(call: Call, hook: Json) -> None:
    call.world.require(call.world.guild(hook["guild_id"]), call.me, permissions.MANAGE_WEBHOOKS)


def _new_place(call: Call, hook: Json) -> str:
    """Give the channel to which a webhook moves, which must be one of its group; raises 10003."""
    guild, channel = call.world.channel(str(call.form["channel_id"]))
    if guild is None or guild.id != hook["guild_id"]:
        raise DiscordError(10003)
    return str(channel["id"])


def _place(call: Call, hook: Json) -> str:
    """Give the channel to speak in: the webhook's own, or one of its threads."""
    thread_id = call.query.get("thread_id")
    if thread_id is None:
        return str(hook["channel_id"])
    _, thread = call.world.channel(thread_id)
    if thread["type"] not in THREADS or thread["parent_id"] != hook["channel_id"]:
        raise DiscordError(10003)
    return thread_id


def _message(call: Call) -> Message:
    interaction = interactions.of_token(call)
    if interaction is not None:
        return interactions.answer_of(call, interaction)
    hook = _hook(call)
    message = history.find(call.world, _place(call, hook), call.path["message_id"])
    if message.data.get("webhook_id") != hook["id"]:
        raise DiscordError(10008)
    return message


def _name(call: Call) -> str:
    name = call.text("name", 1, 80)
    if any(word in name.lower() for word in _REFUSED_NAMES):
        raise invalid("name", "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{name}"')
    return name


def _tell(call: Call, hook: Json) -> None:
    place = {"guild_id": hook["guild_id"], "channel_id": hook["channel_id"]}
    call.world.emit(Event(name="WEBHOOKS_UPDATE", data=dict(place), **place))


_T = "/webhooks/{webhook_id}/{token}"
ROUTES = [
    Route("POST", "/channels/{channel_id}/webhooks", _create),
    Route("GET", "/channels/{channel_id}/webhooks", _of_channel),
    Route("GET", "/webhooks/{webhook_id}", _get),
    Route("PATCH", "/webhooks/{webhook_id}", _edit),
    Route("DELETE", "/webhooks/{webhook_id}", _drop),
    Route("GET", _T, _get, authorized=False),
    Route("PATCH", _T, _edit, authorized=False),
    Route("DELETE", _T, _drop, authorized=False),
    Route("POST", _T, _execute, authorized=False),
    Route("GET", _T + "/messages/{message_id}", _get_message, authorized=False),
    Route("PATCH", _T + "/messages/{message_id}", _edit_message, authorized=False),
    Route("DELETE", _T + "/messages/{message_id}", _delete_message, authorized=False),
]
