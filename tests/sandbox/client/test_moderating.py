"""What a moderator does, through nextcord."""

from datetime import timedelta
from typing import Any

import nextcord
import pytest

from droas_sandbox.world import talk


def _say(town: Any, content: str, author_id: str | None = None) -> Any:
    world = town.sandbox.world
    return talk.say(
        world, town.channel_id, world.users[author_id or town.alice_id], {"content": content}
    ).data


async def test_history_bulk_deletion_and_purge(town: Any, bot: Any, channel: Any) -> None:
    """Newest first; bulk deletion is one event."""
    for number in range(5):
        _say(town, str(number))
    found = [message async for message in channel.history(limit=3)]
    assert [message.content for message in found] == ["4", "3", "2"]
    await channel.delete_messages(found[:2])
    (gone,) = await bot.hears("raw_bulk_message_delete")
    assert gone.message_ids == {found[0].id, found[1].id}
    assert len(await channel.purge(limit=10)) == 3


async def test_time_out_kick_and_ban(town: Any, bot: Any) -> None:
    """Each is told as an event, with its audit entry and its reason."""
    guild = bot.get_guild(int(town.guild_id))
    mallory, alice = guild.get_member(int(town.mallory_id)), guild.get_member(int(town.alice_id))
    await mallory.timeout(timedelta(minutes=5), reason="flöod / spam")
    _, after = await bot.hears("member_update")
    assert after.communication_disabled_until is not None
    entry = await anext(guild.audit_logs(limit=1))
    assert (entry.reason, entry.target.id) == ("flöod / spam", mallory.id)
    await alice.kick(reason="bye")
    await bot.hears("member_remove")
    await guild.ban(mallory, delete_message_seconds=60, reason="out")
    await bot.hears("member_ban")
    ban = await guild.fetch_ban(mallory)
    assert ban.reason == "out"
    assert [entry.user.id async for entry in guild.bans()] == [mallory.id]
    await guild.unban(mallory)
    await bot.hears("member_unban")


async def test_a_stranger_is_forbidden_to_touch_the_owner(town: Any, bot: Any) -> None:
    """403 becomes Forbidden."""
    owner = bot.get_guild(int(town.guild_id)).get_member(int(town.owner_id))
    with pytest.raises(nextcord.Forbidden) as error:
        await owner.timeout(timedelta(minutes=5))
    assert error.value.code == 50013


async def test_names_and_roles(town: Any, bot: Any) -> None:
    """A nick, a new role, giving and taking it."""
    guild = bot.get_guild(int(town.guild_id))
    alice = guild.get_member(int(town.alice_id))
    await alice.edit(nick="al")
    _, after = await bot.hears("member_update")
    assert after.nick == "al"
    role = await guild.create_role(name="crew", permissions=nextcord.Permissions(send_messages=True))
    await bot.hears("guild_role_create")
    await alice.add_roles(role)
    _, after = await bot.hears("member_update")
    assert role in after.roles
    await alice.remove_roles(role)
    await role.delete()
    await bot.hears("guild_role_delete")


async def test_webhooks(town: Any, bot: Any, channel: Any) -> None:
    """Made by the bot, used with and without waiting."""
    hook = await channel.create_webhook(name="alerts")
    message = await hook.send("alert!", username="Watch", wait=True)
    assert (message.author.name, message.webhook_id) == ("Watch", hook.id)
    await hook.send("silent")
    await hook.edit_message(message.id, content="alert?")
    assert [one.id for one in await channel.webhooks()] == [hook.id]
    await hook.delete()


async def test_pins_bulk_bans_and_channel_changes(town: Any, bot: Any, channel: Any) -> None:
    """The rest of the calls that a moderator needs."""
    message = await channel.send("pin me")
    await message.pin()
    assert [one.id for one in await channel.pins()] == [message.id]
    await message.unpin()
    guild = bot.get_guild(int(town.guild_id))
    result = await guild.bulk_ban([nextcord.Object(int(town.mallory_id))], reason="raid")
    assert [user.id for user in result.banned_users] == [int(town.mallory_id)]
    await channel.edit(slowmode_delay=10)
    assert town.guild.channels[town.channel_id]["rate_limit_per_user"] == 10
    await channel.set_permissions(guild.default_role, send_messages=False)
    made = await guild.create_text_channel("second")
    await made.delete()


async def test_auto_moderation(town: Any, bot: Any, control: Any) -> None:
    """A rule made by the bot strikes, and the bot hears of each of its actions."""
    guild = bot.get_guild(int(town.guild_id))
    await guild.create_auto_moderation_rule(
        name="words",
        event_type=nextcord.AutoModerationEventType.message_send,
        trigger_type=nextcord.AutoModerationTriggerType.keyword,
        trigger_metadata=nextcord.AutoModerationTriggerMetadata(keyword_filter=["bad"]),
        actions=[nextcord.AutoModerationAction(type=nextcord.AutoModerationActionType.block_message)],
        enabled=True,
    )
    await bot.hears("auto_moderation_rule_create")
    body = {"author_id": town.mallory_id, "content": "so bad"}
    assert (await control("POST", f"/channels/{town.channel_id}/messages", body)).code == 200000
    (execution,) = await bot.hears("auto_moderation_action_execution")
    assert (execution.content, execution.matched_keyword) == ("so bad", "bad")
    assert execution.message_id is None
