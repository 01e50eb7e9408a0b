"""Events and calls of a bot platform, through nextcord."""

import asyncio
from datetime import timedelta
from typing import Any

import nextcord
import pytest

from droas_sandbox.world import talk

_THUMB = "\N{THUMBS UP SIGN}"


def _say(town: Any, content: str, author_id: str | None = None) -> Any:
    world = town.sandbox.world
    return talk.say(
        world, town.channel_id, world.users[author_id or town.alice_id], {"content": content}
    ).data


async def test_it_connects_and_knows_the_town(town: Any, bot: Any) -> None:
    """User, group, channel, roles and all members are there."""
    guild = bot.get_guild(int(town.guild_id))
    assert bot.user.id == int(town.bot.user_id)
    assert guild.name == "Harbour"
    assert guild.me.guild_permissions.ban_members
    assert not guild.me.guild_permissions.administrator
    assert {member.name for member in guild.members} == {"owner", "alice", "mallory", "warden", "chatter"}
    assert guild.owner_id == int(town.owner_id)


async def test_it_hears_and_answers(town: Any, bot: Any, channel: Any) -> None:
    """A message comes, the reply goes, an edit and a deletion follow."""
    said = _say(town, f"<@{town.bot.user_id}> hello")
    (message,) = await bot.hears("message")
    assert (message.content, message.author.name) == (said["content"], "alice")
    assert bot.user in message.mentions
    reply = await message.reply("hi", mention_author=False)
    assert reply.reference.message_id == message.id
    assert reply.mentions == []
    edited = await reply.edit(content="hi!")
    assert edited.content == "hi!"
    await bot.hears("message_edit")
    await reply.delete()
    await bot.hears("message_delete")
    with pytest.raises(nextcord.NotFound):
        await channel.fetch_message(reply.id)


async def test_embeds_files_and_allowed_mentions(town: Any, bot: Any, channel: Any) -> None:
    """What nextcord sends as multipart and as JSON comes back as it was meant."""
    embed = nextcord.Embed(title="Title", description="Words").add_field(name="n", value="v")
    file = nextcord.File(__file__, filename="test.py")
    message = await channel.send(
        f"<@{town.alice_id}>", embed=embed, file=file, allowed_mentions=nextcord.AllowedMentions.none()
    )
    assert message.attachments[0].filename == "test.py"
    assert message.embeds[0].fields[0].value == "v"
    assert message.mentions == []


async def test_too_long_is_an_http_exception(channel: Any) -> None:
    """The client checks nothing itself."""
    with pytest.raises(nextcord.HTTPException) as error:
        await channel.send("x" * 2001)
    assert (error.value.status, error.value.code) == (400, 50035)


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
    town.guild.roles[town.guild.members[town.bot.user_id]["roles"][0]]["position"] = 9
    await alice.add_roles(role)
    _, after = await bot.hears("member_update")
    assert role in after.roles
    await alice.remove_roles(role)
    await role.delete()
    await bot.hears("guild_role_delete")


async def test_reactions_and_typing(town: Any, bot: Any, channel: Any) -> None:
    """Both ways."""
    said = _say(town, "react to me")
    (message,) = await bot.hears("message")
    await message.add_reaction(_THUMB)
    (raw,) = await bot.hears("raw_reaction_add")
    assert (str(raw.emoji), raw.user_id) == (_THUMB, bot.user.id)
    again = await channel.fetch_message(int(said["id"]))
    assert (str(again.reactions[0].emoji), again.reactions[0].me) == (_THUMB, True)
    assert [user.id async for user in again.reactions[0].users()] == [bot.user.id]
    await message.remove_reaction(_THUMB, bot.user)
    await message.clear_reactions()
    await channel.trigger_typing()
    talk.typing(town.sandbox.world, town.channel_id, town.alice_id)
    while (await bot.hears("typing"))[1].id != int(town.alice_id):
        pass


async def test_direct_messages(town: Any, bot: Any) -> None:
    """The bot writes to somebody, who writes back."""
    alice = await bot.fetch_user(int(town.alice_id))
    sent = await alice.send("hello there")
    assert isinstance(sent.channel, nextcord.DMChannel)
    world = town.sandbox.world
    talk.say(world, str(sent.channel.id), world.users[town.alice_id], {"content": "hello yourself"})
    while True:
        (message,) = await bot.hears("message")
        if message.author.id == alice.id:
            break
    assert message.guild is None
    assert message.content == "hello yourself"


async def test_threads(town: Any, bot: Any, channel: Any) -> None:
    """From a message and without one; joining; speaking in it."""
    message = await channel.send("topic")
    thread = await message.create_thread(name="talk", auto_archive_duration=60)
    assert thread.id == message.id
    await thread.join()
    said = await thread.send("inside")
    assert said.channel.id == thread.id
    free = await channel.create_thread(name="free", type=nextcord.ChannelType.public_thread)
    await free.edit(archived=True)
    await bot.hears("thread_update")
    await free.delete()


async def test_webhooks(town: Any, bot: Any, channel: Any) -> None:
    """Made by the bot, used with and without waiting."""
    hook = await channel.create_webhook(name="alerts")
    message = await hook.send("alert!", username="Watch", wait=True)
    assert (message.author.name, message.webhook_id) == ("Watch", hook.id)
    await hook.send("silent")
    await hook.edit_message(message.id, content="alert?")
    assert [one.id for one in await channel.webhooks()] == [hook.id]
    await hook.delete()


async def test_members_come_and_go(town: Any, bot: Any) -> None:
    """Joins and leaves are told."""
    world = town.sandbox.world
    newcomer = world.add_user("newcomer")
    world.join(town.guild, newcomer["id"])
    (member,) = await bot.hears("member_join")
    assert member.name == "newcomer"
    world.leave(town.guild, newcomer["id"])
    (member,) = await bot.hears("member_remove")
    assert member.id == int(newcomer["id"])


async def test_a_new_group(town: Any, bot: Any) -> None:
    """Joining, channels coming and going, being thrown out."""
    world = town.sandbox.world
    guild = world.add_guild("Second", town.owner_id)
    world.join(guild, town.bot.user_id)
    (joined,) = await bot.hears("guild_join")
    assert joined.name == "Second"
    channel = world.add_channel(guild, "news")
    (made,) = await bot.hears("guild_channel_create")
    assert made.id == int(channel["id"])
    world.leave(guild, town.bot.user_id)
    await bot.hears("guild_remove")


async def test_slash_commands_with_a_deferred_answer(town: Any, connect: Any, control: Any) -> None:
    """The client registers the command, hears of its use, defers, and follows up."""

    def prepare(listener: Any) -> None:
        @listener.slash_command(name="ping", description="answers", guild_ids=[int(town.guild_id)])
        async def ping(interaction: nextcord.Interaction[Any], word: str) -> None:
            await interaction.response.defer()
            await interaction.followup.send(f"pong {word}")
            await interaction.followup.send("and more", ephemeral=True)

    bot = await connect(prepare)
    names: set[str] = set()
    while "ping" not in names:
        names = {command["name"] for command in town.sandbox.world.commands.values()}
        await asyncio.sleep(0.005)
    body = {
        "guild_id": town.guild_id,
        "channel_id": town.channel_id,
        "user_id": town.alice_id,
        "application_id": town.bot.application_id,
        "name": "ping",
        "options": [{"name": "word", "type": 3, "value": "x"}],
    }
    fired = (await control("POST", "/interactions", body)).json
    await bot.hears("application_command_completion")
    told = (await control("GET", f"/interactions/{fired['id']}")).json
    assert told["state"] == "answered"
    words = [one["content"] for one in (await control("GET", f"/channels/{town.channel_id}/messages")).json]
    assert words == ["pong x", "and more"]


async def test_it_resumes_after_a_drop(town: Any, bot: Any, control: Any) -> None:
    """What was said while it was away is heard, in the same session."""
    before = bot.ws.session_id
    await control("POST", "/faults", {"kind": "drop"})
    _say(town, "while you were away")
    (message,) = await bot.hears("message")
    assert message.content == "while you were away"
    await bot.hears("resumed")
    assert bot.ws.session_id == before
    sessions = (await control("GET", "/sessions")).json
    assert [(one["resumed"], one["live"]) for one in sessions] == [(1, True)]
    assert (await control("GET", "/overlaps")).json == []


async def test_it_reconnects_when_told(town: Any, bot: Any, control: Any) -> None:
    """Op 7 is followed by a resume at once."""
    await control("POST", "/faults", {"kind": "reconnect"})
    await bot.hears("resumed")
    _say(town, "still there?")
    assert (await bot.hears("message"))[0].content == "still there?"


async def test_it_waits_for_rate_limits(town: Any, channel: Any, control: Any) -> None:
    """A 429 with its headers is waited for and tried again."""
    await control("POST", "/faults", {"kind": "rate_limit", "retry_after": 0.1, "match": {"method": "POST"}})
    assert (await channel.send("patience")).content == "patience"


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
