"""Webhooks, and the answers to interactions, which use the same routes.

Source: Discord API reference, Webhook, and Receiving and Responding to Interactions.
"""

import secrets

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import objects, talk
from droas_sandbox.world.state import Event, Interaction, Json, Message

EPHEMERAL = 1 << 6


def _create(call: Call) -> Answer:
    guild, channel = call.channel(permissions.MANAGE_WEBHOOKS)
    if guild is None:
        raise DiscordError(50024)
    token = secrets.token_urlsafe(51)
    name = str(call.form.get("name", "webhook"))
    made = objects.webhook(
        call.world.snowflakes.new(), channel, name, token, call.world.user(call.me), call.base
    )
    call.world.webhooks[made["id"]] = made
    data = {"guild_id": guild.id, "channel_id": channel["id"]}
    call.world.emit(Event(name="WEBHOOKS_UPDATE", data=data, guild_id=guild.id))
    return made


def _of_channel(call: Call) -> Answer:
    _, channel = call.channel(permissions.MANAGE_WEBHOOKS)
    return [hook for hook in call.world.webhooks.values() if hook["channel_id"] == channel["id"]]


def _get(call: Call) -> Answer:
    hook = _hook(call)
    return {key: value for key, value in hook.items() if key != "user"}


def _drop(call: Call) -> Answer:
    del call.world.webhooks[_hook(call)["id"]]


def _execute(call: Call) -> Answer:
    interaction = _interaction(call)
    if interaction is not None:
        return _follow_up(call, interaction)
    hook = _hook(call)
    author = objects.user(hook["id"], str(call.form.get("username") or hook["name"]), None, bot=True)
    given = {key: value for key, value in call.form.items() if key not in ("username", "avatar_url", "nonce")}
    channel_id = str(call.query.get("thread_id") or hook["channel_id"])
    message = talk.say(call.world, channel_id, author, given, defaults=talk.USERS_ONLY)
    message.data["webhook_id"] = hook["id"]
    wait = call.query.get("wait", "false").lower() in ("true", "1")
    return talk.shown(message) if wait else None


def _get_message(call: Call) -> Answer:
    return talk.shown(_message(call))


def _edit_message(call: Call) -> Answer:
    interaction = _interaction(call)
    if interaction is not None and interaction.deferred and interaction.original is None:
        return talk.shown(_say(call, interaction, call.form))
    message = _message(call)
    return talk.shown(talk.edit(call.world, message, message.data["author"]["id"], call.form))


def _delete_message(call: Call) -> Answer:
    message = _message(call)
    talk.delete(call.world, message, message.data["author"]["id"])


def _callback(call: Call) -> Answer:
    interaction = call.world.interactions.get(call.path["interaction_id"])
    now, settings = call.world.clock.now(), call.world.settings
    if interaction is None or interaction.token != call.path["token"]:
        raise DiscordError(10062)
    if interaction.responded:
        raise DiscordError(40060)
    if now - interaction.created_at > settings.interaction_s:
        raise DiscordError(10062)
    kind, data = int(call.form.get("type", 4)), call.form.get("data") or {}
    interaction.responded = True
    interaction.ephemeral = bool(int(data.get("flags") or 0) & EPHEMERAL)
    interaction.responses.append(call.form)
    message = _say(call, interaction, data) if kind == 4 else None
    interaction.deferred = kind == 5
    if call.query.get("with_response", "").lower() not in ("true", "1"):
        return None
    told: Json = {"id": interaction.id, "type": interaction.data["type"]}
    answer: Json = {"interaction": told}
    if message is not None:
        told["response_message_id"] = message.data["id"]
        answer["resource"] = {"type": kind, "message": talk.shown(message)}
    return answer


def _follow_up(call: Call, interaction: Interaction) -> Answer:
    interaction.responses.append(call.form)
    if interaction.deferred and interaction.original is None:
        return talk.shown(_say(call, interaction, call.form))
    author = call.world.user(interaction.application_id)
    return talk.shown(
        talk.say(call.world, interaction.data["channel_id"], author, call.form, defaults=talk.USERS_ONLY)
    )


def _say(call: Call, interaction: Interaction, given: Json) -> Message:
    author = call.world.user(interaction.application_id)
    message = talk.say(call.world, interaction.data["channel_id"], author, given, defaults=talk.USERS_ONLY)
    interaction.original = message.data["id"]
    return message


def _hook(call: Call) -> Json:
    hook = call.world.webhooks.get(call.path["webhook_id"])
    if hook is None:
        raise DiscordError(10015)
    token = call.path.get("token")
    if token is not None and token != hook["token"]:
        raise DiscordError(50027)
    return hook


def _interaction(call: Call) -> Interaction | None:
    """Give the interaction whose token stands in the path; raises 50027 when it is too old."""
    for interaction in call.world.interactions.values():
        if interaction.token == call.path["token"] and interaction.application_id == call.path["webhook_id"]:
            if call.world.clock.now() - interaction.created_at > call.world.settings.followup_s:
                raise DiscordError(50027)
            return interaction
    return None


def _message(call: Call) -> Message:
    interaction = _interaction(call)
    message_id = call.path["message_id"]
    if interaction is not None:
        if message_id == "@original":
            message_id = interaction.original or ""
        return talk.find(call.world, interaction.data["channel_id"], message_id)
    message = talk.find(call.world, _hook(call)["channel_id"], message_id)
    if message.data.get("webhook_id") != call.path["webhook_id"]:
        raise DiscordError(10008)
    return message


_T = "/webhooks/{webhook_id}/{token}"
ROUTES = [
    Route("POST", "/channels/{channel_id}/webhooks", _create),
    Route("GET", "/channels/{channel_id}/webhooks", _of_channel),
    Route("GET", "/webhooks/{webhook_id}", _get),
    Route("DELETE", "/webhooks/{webhook_id}", _drop),
    Route("GET", _T, _get, authorized=False),
    Route("DELETE", _T, _drop, authorized=False),
    Route("POST", _T, _execute, authorized=False),
    Route("GET", _T + "/messages/{message_id}", _get_message, authorized=False),
    Route("PATCH", _T + "/messages/{message_id}", _edit_message, authorized=False),
    Route("DELETE", _T + "/messages/{message_id}", _delete_message, authorized=False),
    Route("POST", "/interactions/{interaction_id}/{token}/callback", _callback, authorized=False),
]
