"""Answers to interactions: the first within three seconds, more for fifteen minutes.

Source: Discord API reference, Receiving and Responding to Interactions.
"""

from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.rest.fields import choice
from droas_sandbox.world import contents, history, talk
from droas_sandbox.world.state import Interaction, Json, Message

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE = 4, 5, 6, 7
KINDS = frozenset({1, MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, 8, 9, 12})


def of_token(call: Call) -> Interaction | None:
    """Give the interaction whose token stands in the path; raises 50027 when it is too old."""
    interaction = call.world.interaction_of_token(call.path["token"])
    if interaction is None or interaction.application_id != call.path["webhook_id"]:
        return None
    if call.world.clock.now() - interaction.created_at > call.world.settings.followup_s:
        raise DiscordError(50027)
    return interaction


def follow_up(call: Call, interaction: Interaction) -> Json:
    """Say something more; the first words after a deferral take the place of the waiting sign."""
    if not interaction.responded:
        raise DiscordError(10015)
    interaction.responses.append(call.form)
    if interaction.deferred and interaction.original is None:
        return history.shown(say(call, interaction, call.form))
    hidden = bool(contents.flags_of(call.form) & contents.EPHEMERAL)
    return history.shown(_speak(call, interaction, call.form, hidden=hidden))


def say(call: Call, interaction: Interaction, given: Json) -> Message:
    """Give the first answer; it is as private as the deferral before it."""
    message = _speak(call, interaction, given, hidden=interaction.ephemeral)
    interaction.original = message.data["id"]
    return message


def answer_of(call: Call, interaction: Interaction) -> Message:
    """Give a message that an interaction brought; `@original` is the first."""
    message_id = call.path["message_id"]
    if message_id == "@original":
        message_id = interaction.original or ""
    return history.find(call.world, interaction.data["channel_id"], message_id)


def _callback(call: Call) -> Answer:
    interaction = call.world.interactions.get(call.path["interaction_id"])
    if interaction is None or interaction.token != call.path["token"]:
        raise DiscordError(10062)
    if interaction.responded:
        raise DiscordError(40060)
    if call.world.clock.now() - interaction.created_at > call.world.settings.interaction_s:
        raise DiscordError(10062)
    kind, data = choice(call.form, "type", KINDS), call.form.get("data") or {}
    if kind == 8 and len(data.get("choices") or ()) > 25:
        raise contents.too_long("data.choices", 25)
    interaction.ephemeral = bool(int(data.get("flags") or 0) & contents.EPHEMERAL)
    message = _first(call, interaction, kind, data)
    interaction.responded = True
    interaction.deferred = kind == DEFERRED
    interaction.responses.append(call.form)
    if call.query.get("with_response", "").lower() not in ("true", "1"):
        return None
    told: Json = {"id": interaction.id, "type": interaction.data["type"]}
    answer: Json = {"interaction": told}
    if message is not None:
        told["response_message_id"] = message.data["id"]
        answer["resource"] = {"type": kind, "message": history.shown(message)}
    return answer


def _first(call: Call, interaction: Interaction, kind: int, data: Json) -> Message | None:
    """Do what the callback asks for; gives the message that it made or changed."""
    if kind == MESSAGE:
        return say(call, interaction, data)
    target = (interaction.data.get("message") or {}).get("id")
    if kind not in (UPDATE, DEFERRED_UPDATE) or target is None:
        return None
    interaction.original = target
    if kind == DEFERRED_UPDATE:
        return None
    message = history.find(call.world, interaction.data["channel_id"], target)
    return talk.edit(call.world, message, message.data["author"]["id"], data, talk.USERS_ONLY)


def _speak(call: Call, interaction: Interaction, given: Json, *, hidden: bool) -> Message:
    author = call.world.user(interaction.application_id)
    flags = contents.flags_of(given) | (contents.EPHEMERAL if hidden else 0)
    command = interaction.data["data"]
    user = interaction.data.get("user") or interaction.data["member"]["user"]
    extras: Json = {
        "type": 20,
        "flags": flags,
        "application_id": interaction.application_id,
        "webhook_id": interaction.application_id,
    }
    if "name" in command:
        told = {"id": interaction.id, "type": interaction.data["type"], "name": command["name"], "user": user}
        extras["interaction"] = told
    return talk.say(
        call.world,
        interaction.data["channel_id"],
        author,
        {key: value for key, value in given.items() if key not in ("nonce", "message_reference")},
        defaults=talk.USERS_ONLY,
        extras=extras,
        hidden=hidden,
    )


ROUTES = [
    Route("POST", "/interactions/{interaction_id}/{token}/callback", _callback, authorized=False),
]
