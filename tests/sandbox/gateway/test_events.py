"""Who hears what: intents, permissions, message content."""

import asyncio
from typing import Any

import pytest

from droas_sandbox import permissions
from droas_sandbox.world import moderation, reactions, removal, talk

_ALL = 3276799
_NO_CONTENT = _ALL & ~(1 << 15)


async def _listen(town: Any, dial: Any, intents: int = _ALL, token: str | None = None) -> Any:
    wire = await dial(town.sandbox)
    await wire.identify(token or town.bot.token, intents)
    await wire.rest()
    wire.seen.clear()
    return wire


def _say(town: Any, content: str, **given: Any) -> Any:
    world = town.sandbox.world
    return talk.say(world, town.channel_id, world.users[town.alice_id], {"content": content, **given})


async def test_a_message_carries_group_and_member(town: Any, dial: Any) -> None:
    """MESSAGE_CREATE adds `guild_id` and the author's member, without the user in it."""
    wire = await _listen(town, dial)
    _say(town, f"hello <@{town.mallory_id}>")
    data = (await wire.until("MESSAGE_CREATE"))["d"]
    assert data["guild_id"] == town.guild_id
    assert "user" not in data["member"]
    assert data["author"]["id"] == town.alice_id
    assert data["mentions"][0]["member"]["roles"] == []


@pytest.mark.parametrize(
    ("bit", "names"),
    [
        (0, ["CHANNEL_CREATE", "GUILD_ROLE_CREATE"]),
        (1, ["GUILD_MEMBER_UPDATE", "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"]),
        (2, ["GUILD_BAN_ADD", "GUILD_BAN_REMOVE"]),
        (9, ["MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"]),
        (10, ["MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"]),
        (11, ["TYPING_START"]),
    ],
)
async def test_each_intent_brings_its_events_and_no_others(
    town: Any, dial: Any, bit: int, names: list[str]
) -> None:
    """One bit, one family of events."""
    wire = await _listen(town, dial, 1 << bit)
    _everything(town)
    heard = set(await wire.names()) - {"GUILD_AUDIT_LOG_ENTRY_CREATE", "MESSAGE_DELETE_BULK"}
    assert heard == set(names)


def _everything(town: Any) -> None:
    """Let one of each happen."""
    world = town.sandbox.world
    world.add_channel(town.guild, "news")
    world.add_role(town.guild, "crew", 0)
    message = _say(town, "hi")
    talk.edit(world, message, town.alice_id, {"content": "ho"})
    reactions.react(world, message, town.alice_id, "\N{THUMBS UP SIGN}", add=True)
    reactions.react(world, message, town.alice_id, "\N{THUMBS UP SIGN}", add=False)
    talk.typing(world, town.channel_id, town.alice_id)
    removal.delete(world, message, town.alice_id)
    moderation.edit_member(world, town.guild, town.owner_id, town.alice_id, {"nick": "al"}, None)
    newcomer = world.add_user("newcomer")["id"]
    world.join(town.guild, newcomer)
    moderation.ban(world, town.guild, town.owner_id, newcomer, delete_seconds=0, reason=None)
    moderation.unban(world, town.guild, town.owner_id, newcomer, None)


async def test_content_is_emptied_without_the_intent(town: Any, dial: Any) -> None:
    """Without bit 15 a message's words arrive empty, not absent."""
    wire = await _listen(town, dial, _NO_CONTENT)
    _say(town, "secret", embeds=[{"title": "t"}])
    data = (await wire.until("MESSAGE_CREATE"))["d"]
    assert (data["content"], data["embeds"], data["attachments"], data["components"]) == ("", [], [], [])


async def test_content_stays_for_those_who_are_party_to_it(town: Any, dial: Any) -> None:
    """Own messages, mentions of the bot, and DMs are readable without the intent."""
    wire = await _listen(town, dial, _NO_CONTENT)
    world = town.sandbox.world
    talk.say(world, town.channel_id, world.users[town.bot.user_id], {"content": "mine"})
    _say(town, f"<@{town.bot.user_id}> yours")
    dm = world.dm(town.bot.user_id, town.alice_id)
    talk.say(world, dm["id"], world.users[town.alice_id], {"content": "private"})
    words = [frame["d"]["content"] for frame in await wire.rest() if frame["t"] == "MESSAGE_CREATE"]
    assert words == ["mine", f"<@{town.bot.user_id}> yours", "private"]


async def test_a_direct_message_reaches_only_its_bot(town: Any, dial: Any) -> None:
    """A DM has no group, and other bots do not hear of it."""
    wire, other = await _listen(town, dial), await _listen(town, dial, token=town.plain.token)
    world = town.sandbox.world
    dm = world.dm(town.bot.user_id, town.alice_id)
    talk.say(world, dm["id"], world.users[town.alice_id], {"content": "private"})
    data = (await wire.until("MESSAGE_CREATE"))["d"]
    assert "guild_id" not in data
    assert data["channel_type"] == 1
    assert await other.names() == []


async def test_a_hidden_channel_is_silent(town: Any, dial: Any) -> None:
    """Without VIEW_CHANNEL nothing of a channel is heard."""
    wire = await _listen(town, dial, token=town.plain.token)
    channel = town.guild.channels[town.channel_id]
    denied = str(permissions.VIEW_CHANNEL)
    channel["permission_overwrites"] = [{"id": town.guild_id, "type": 0, "allow": "0", "deny": denied}]
    _say(town, "psst")
    assert await wire.names() == []


async def test_bans_and_audit_entries_need_their_permissions(town: Any, dial: Any) -> None:
    """GUILD_BAN_* and audit entries go only to those who may see bans or the audit log."""
    plain = await _listen(town, dial, token=town.plain.token)
    warden = await _listen(town, dial)
    world = town.sandbox.world
    moderation.ban(world, town.guild, town.owner_id, town.mallory_id, delete_seconds=0, reason="x")
    assert await warden.names() == ["GUILD_BAN_ADD", "GUILD_MEMBER_REMOVE", "GUILD_AUDIT_LOG_ENTRY_CREATE"]
    assert await plain.names() == ["GUILD_MEMBER_REMOVE"]


async def test_the_bots_own_member_update_needs_no_intent(town: Any, dial: Any) -> None:
    """A change of the bot itself always goes out."""
    wire = await _listen(town, dial, 0)
    world = town.sandbox.world
    for user_id in (town.alice_id, town.bot.user_id):
        moderation.edit_member(world, town.guild, town.owner_id, user_id, {"nick": "n"}, None)
    assert [frame["d"]["user"]["id"] for frame in await wire.rest()] == [town.bot.user_id]


async def test_joining_and_leaving_a_group_is_told_to_the_bot(town: Any, dial: Any) -> None:
    """A join omits `unavailable`; a removal is GUILD_DELETE without it."""
    wire = await _listen(town, dial)
    world = town.sandbox.world
    guild = world.add_guild("Second", town.owner_id)
    world.join(guild, town.bot.user_id)
    created = await wire.until("GUILD_CREATE")
    world.leave(guild, town.bot.user_id)
    deleted = await wire.until("GUILD_DELETE")
    assert "unavailable" not in created["d"]
    assert created["d"]["id"] == guild.id
    assert deleted["d"] == {"id": guild.id}


@pytest.mark.parametrize("compress", [False, True])
async def test_the_stream_is_one_zlib_stream(town: Any, dial: Any, *, compress: bool) -> None:
    """Compressed or plain, a thousand events decode in order over one context."""
    wire = await dial(town.sandbox, compress=compress)
    await wire.identify(town.bot.token)
    for number in range(1000):
        _say(town, f"message {number} \N{SNOWMAN}")
    frames = [frame for frame in await wire.rest() if frame["t"] == "MESSAGE_CREATE"]
    assert [frame["d"]["content"] for frame in frames] == [f"message {n} \N{SNOWMAN}" for n in range(1000)]


async def test_a_second_connection_has_a_fresh_zlib_context(town: Any, dial: Any) -> None:
    """Contexts are not shared between connections."""
    for _ in range(2):
        wire = await dial(town.sandbox, compress=True)
        await wire.identify(town.bot.token)
        await wire.socket.close(code=1000)


async def test_the_121st_payload_in_a_minute_closes_with_4008(town: Any, dial: Any) -> None:
    """120 payloads pass."""
    wire = await dial(town.sandbox)
    for _ in range(120):
        await wire.send(1, None)
    for _ in range(120):
        assert (await wire.next())["op"] == 11
    await wire.send(1, None)
    assert await wire.closed() == 4008


async def test_presence_and_voice_are_tolerated(town: Any, dial: Any) -> None:
    """Ops 3, 4, 31 and 43 do nothing here and harm nobody."""
    wire = await _listen(town, dial)
    for op in (3, 4, 31, 43):
        await wire.send(op, {})
    assert await wire.names() == []


async def test_all_members_come_in_chunks_of_a_thousand(town: Any, dial: Any) -> None:
    """Op 8 with an empty query gives everybody, and its nonce back."""
    world = town.sandbox.world
    for number in range(1100):
        user = world.add_user(f"crowd-{number}")
        world.join(town.guild, user["id"])
    wire = await _listen(town, dial)
    await wire.send(8, {"guild_id": int(town.guild_id), "query": "", "limit": 0, "nonce": "n1"})
    chunks = [await wire.until("GUILD_MEMBERS_CHUNK") for _ in range(2)]
    assert [len(chunk["d"]["members"]) for chunk in chunks] == [1000, 105]
    assert [chunk["d"]["chunk_index"] for chunk in chunks] == [0, 1]
    assert {chunk["d"]["nonce"] for chunk in chunks} == {"n1"}
    await wire.send(8, {"guild_id": town.guild_id, "query": "", "limit": 0, "nonce": "n2"})
    limited = (await wire.until("RATE_LIMITED"))["d"]
    assert limited["opcode"] == 8
    assert limited["meta"] == {"guild_id": town.guild_id, "nonce": "n2"}
    town.sandbox.clock.offset_s += 31
    await wire.send(8, {"guild_id": town.guild_id, "query": "", "limit": 0})
    await wire.until("GUILD_MEMBERS_CHUNK")


async def test_members_can_be_asked_for_by_name_and_id(town: Any, dial: Any) -> None:
    """Prefix queries and ids find at most a hundred, and say who was not found."""
    wire = await _listen(town, dial)
    await wire.send(8, {"guild_id": town.guild_id, "query": "AL", "limit": 5})
    by_name = (await wire.until("GUILD_MEMBERS_CHUNK"))["d"]
    await wire.send(8, {"guild_id": town.guild_id, "user_ids": [town.alice_id, "123"], "limit": 0})
    by_id = (await wire.until("GUILD_MEMBERS_CHUNK"))["d"]
    assert [member["user"]["username"] for member in by_name["members"]] == ["alice"]
    assert by_id["not_found"] == ["123"]
    assert len(by_id["members"]) == 1


async def test_the_server_may_ask_for_a_heartbeat(town: Any, dial: Any, control: Any) -> None:
    """A server op 1 comes with all four keys, like every other frame."""
    wire = await _listen(town, dial)
    await control("POST", "/faults", {"kind": "ask_heartbeat"})
    assert (await wire.until(1))["d"] is None


async def test_a_client_that_never_reads_does_not_hold_up_the_others(town: Any, dial: Any) -> None:
    """Events queue per connection; the world does not wait."""
    await _listen(town, dial, token=town.plain.token)
    wire = await _listen(town, dial)
    for number in range(500):
        _say(town, f"{number} " + "x" * 1500)
    async with asyncio.timeout(5):
        assert len(await wire.names()) == 500


async def test_a_private_channel_is_private_from_the_first_moment(town: Any, dial: Any, rest: Any) -> None:
    """CHANNEL_CREATE has the topic and the overwrites, and those whom they lock out never hear of it."""
    wire, other = await _listen(town, dial), await _listen(town, dial, token=town.plain.token)
    view = permissions.VIEW_CHANNEL
    overwrites = [
        {"id": town.guild_id, "type": 0, "deny": str(view)},
        {"id": town.bot.user_id, "type": 1, "allow": str(view)},
    ]
    body = {"name": "staff", "topic": "quiet", "permission_overwrites": overwrites}
    await rest("POST", f"/guilds/{town.guild_id}/channels", body)
    told = (await wire.until("CHANNEL_CREATE"))["d"]
    assert (told["topic"], told["permission_overwrites"][0]["deny"]) == ("quiet", str(view))
    assert "CHANNEL_CREATE" not in await other.names()


async def test_a_private_thread_is_heard_by_those_who_are_added(town: Any, dial: Any, rest: Any) -> None:
    """Its making and its messages are told to others only from the moment on at which they are let in."""
    other = await _listen(town, dial, token=town.plain.token)
    made = await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "q", "type": 12})
    thread_id = made.json["id"]
    await rest("POST", f"/channels/{thread_id}/messages", {"content": "before"})
    assert set(await other.names()) <= {"GUILD_AUDIT_LOG_ENTRY_CREATE"}
    await rest("PUT", f"/channels/{thread_id}/thread-members/{town.plain.user_id}")
    assert (await other.until("THREAD_CREATE"))["d"]["member"]["user_id"] == town.plain.user_id
    await rest("POST", f"/channels/{thread_id}/messages", {"content": "after"})
    assert (await other.until("MESSAGE_CREATE"))["d"]["content"] == "after"
