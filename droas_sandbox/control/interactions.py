"""A person using a slash command, pressing a button, filling a form.

Source: Discord API reference, Interaction Object.
"""

import secrets

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError
from droas_sandbox.rest.call import public
from droas_sandbox.world import history
from droas_sandbox.world.state import Guild, Interaction, Json
from droas_sandbox.world.world import World

COMMAND, COMPONENT = 2, 3
USER_MENU, MESSAGE_MENU = 2, 3
"""Types of commands that are used on somebody or something."""


def fire(world: World, given: Json) -> Interaction:
    """Send an interaction to an application; raises DiscordError for what is not there.

    Args:
        world: where.
        given: `application_id`, `channel_id`, `user_id`; `name` and `options` of a command, with `target_id`
            for one of a context menu; or `type` and the whole `data`, with `message_id` for a component.
    """
    guild, channel = world.channel(str(given["channel_id"]))
    application_id, user_id = str(given["application_id"]), str(given["user_id"])
    if application_id not in world.bots:
        raise DiscordError(10013)
    kind = int(given.get("type", COMMAND))
    interaction_id = world.snowflakes.new()
    data: Json = {
        "id": interaction_id,
        "application_id": application_id,
        "type": kind,
        "token": f"{interaction_id}.{secrets.token_urlsafe(48).replace('.', '-')}",
        "version": 1,
        "channel_id": channel["id"],
        "channel": {"name": None, **public(channel)},
        "data": given["data"] if "data" in given else _command(world, channel, application_id, given),
        "locale": "en-US",
        "entitlements": [],
        "attachment_size_limit": 10_485_760,
    }
    data |= _who_and_where(world, guild, channel, user_id=user_id, application_id=application_id)
    if "message_id" in given:
        data["message"] = history.shown(history.find(world, channel["id"], str(given["message_id"])))
    interaction = Interaction(
        id=interaction_id,
        token=data["token"],
        application_id=application_id,
        data=data,
        created_at=world.clock.now(),
    )
    world.interact(interaction)
    return interaction


def _who_and_where(
    world: World, guild: Guild | None, channel: Json, *, user_id: str, application_id: str
) -> Json:
    """Give the member and the group of an interaction, or the user of one in a DM; raises 50013."""
    if guild is None:
        owners = {"0": "0"}
        return {
            "user": world.user(user_id),
            "authorizing_integration_owners": owners,
            "context": 1,
            "app_permissions": str(permissions.ALL),
        }
    allowed = world.permissions(guild, user_id, channel)
    if not allowed & permissions.USE_APPLICATION_COMMANDS:
        raise DiscordError(50013)
    return {
        "guild_id": guild.id,
        "guild_locale": "en-US",
        "guild": {"id": guild.id, "locale": "en-US", "features": []},
        "member": {**world.member(guild, user_id), "permissions": str(allowed)},
        "app_permissions": str(world.permissions(guild, application_id, channel)),
        "authorizing_integration_owners": {"0": guild.id},
        "context": 0,
    }


def describe(interaction: Interaction) -> Json:
    """Say what became of an interaction."""
    state = "waiting"
    if interaction.responded:
        state = "deferred" if interaction.deferred and interaction.original is None else "answered"
    return {
        "id": interaction.id,
        "state": state,
        "responded": interaction.responded,
        "deferred": interaction.deferred,
        "ephemeral": interaction.ephemeral,
        "responses": interaction.responses,
        "original": interaction.original,
    }


def _command(world: World, channel: Json, application_id: str, given: Json) -> Json:
    """Give the data of a command's interaction; raises 10063 for a command that nobody registered."""
    guild_id = channel.get("guild_id")
    for command in world.commands.values():
        here = command.get("guild_id") in (None, guild_id)
        if command["application_id"] == application_id and command["name"] == given["name"] and here:
            told = {"id": command["id"], "name": command["name"], "type": command["type"]}
            if command["type"] in (USER_MENU, MESSAGE_MENU):
                return {**told, **_target(world, channel, command["type"], str(given["target_id"]))}
            return {**told, "options": given.get("options", [])}
    raise DiscordError(10063)


def _target(world: World, channel: Json, kind: int, target_id: str) -> Json:
    """Give the user or message that a context menu was opened on, whole: also its words, whatever the intents."""
    if kind == MESSAGE_MENU:
        found = history.shown(history.find(world, channel["id"], target_id))
        return {"target_id": target_id, "resolved": {"messages": {target_id: found}}}
    resolved: Json = {"users": {target_id: world.user(target_id)}}
    guild = world.guilds.get(channel.get("guild_id") or "")
    if guild is not None and target_id in guild.members:
        member = {
            **guild.members[target_id],
            "permissions": str(world.permissions(guild, target_id, channel)),
        }
        resolved["members"] = {target_id: member}
    return {"target_id": target_id, "resolved": resolved}
