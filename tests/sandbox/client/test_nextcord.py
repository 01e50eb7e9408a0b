"""Events and calls of a bot platform, through nextcord."""

import asyncio
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
