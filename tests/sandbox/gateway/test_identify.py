"""From HELLO to READY, and every way of being refused."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

MakeTown = Callable[..., AbstractAsyncContextManager[Any]]
ALL_INTENTS = 3276799


async def test_hello_comes_first_and_carries_the_interval(town: Any, dial: Any) -> None:
    """The first frame is op 10 with the heartbeat interval in milliseconds."""
    wire = await dial(town.sandbox)
    assert wire.seen[0]["d"]["heartbeat_interval"] == 41_250
    assert wire.seen[0]["s"] is None
    assert wire.seen[0]["t"] is None


async def test_ready_precedes_the_guilds_and_lists_them_as_unavailable(town: Any, dial: Any) -> None:
    """READY names all groups as unavailable; each follows with `unavailable: false`."""
    wire = await dial(town.sandbox)
    ready = await wire.identify(town.bot.token)
    created = await wire.until("GUILD_CREATE")
    assert ready["d"]["guilds"] == [{"id": town.guild_id, "unavailable": True}]
    assert ready["s"] == 1
    assert ready["d"]["resume_gateway_url"] == f"ws{town.sandbox.url[4:]}/gateway"
    assert ready["d"]["user"]["id"] == town.bot.user_id
    assert created["d"]["unavailable"] is False
    assert created["d"]["member_count"] == 5
    assert [channel["name"] for channel in created["d"]["channels"]] == ["general"]


async def test_guild_create_lists_only_the_bot_without_the_presence_intent(town: Any, dial: Any) -> None:
    """Without GUILD_PRESENCES a group's member list is the bot alone; with it, everybody."""
    first = await dial(town.sandbox)
    await first.identify(town.bot.token, 1 << 0 | 1 << 1)
    few = (await first.until("GUILD_CREATE"))["d"]["members"]
    second = await dial(town.sandbox)
    await second.identify(town.plain.token)
    many = (await second.until("GUILD_CREATE"))["d"]["members"]
    assert [member["user"]["id"] for member in few] == [town.bot.user_id]
    assert len(many) == 5


async def test_no_guild_create_without_the_guilds_intent(town: Any, dial: Any) -> None:
    """GUILD_CREATE needs bit 0."""
    wire = await dial(town.sandbox)
    await wire.identify(town.bot.token, 1 << 9)
    assert await wire.names() == []


async def test_a_heartbeat_before_identify_is_acknowledged(town: Any, dial: Any) -> None:
    """Heartbeats are welcome at any time, and each gets its op 11."""
    wire = await dial(town.sandbox)
    for _ in range(3):
        await wire.send(1, None)
        assert (await wire.next())["op"] == 11


@pytest.mark.parametrize("op", [3, 4, 8, 31, 43])
async def test_a_payload_before_identify_closes_with_4003(town: Any, dial: Any, op: int) -> None:
    """Whoever has not identified may only beat."""
    wire = await dial(town.sandbox)
    await wire.send(op, {})
    assert await wire.closed() == 4003


async def test_a_second_identify_closes_with_4005(town: Any, dial: Any) -> None:
    """One connection identifies once."""
    wire = await dial(town.sandbox)
    await wire.identify(town.bot.token)
    await wire.send(2, {"token": town.bot.token, "intents": 1, "properties": {}})
    assert await wire.closed() == 4005


async def test_a_bad_token_closes_with_4004(town: Any, dial: Any) -> None:
    """An unknown token, or one behind `Bot `, is refused."""
    for token in ("nonsense", f"Bot {town.bot.token}"):
        wire = await dial(town.sandbox)
        await wire.send(2, {"token": token, "intents": 1, "properties": {}})
        assert await wire.closed() == 4004


@pytest.mark.parametrize("shard", [[1, 1], [2, 1], [-1, 1], [0], "0/1", [0, 0], [0, "1"], [True, 2]])
async def test_a_bad_shard_closes_with_4010(town: Any, dial: Any, shard: Any) -> None:
    """A shard is [id, count] with id below count."""
    wire = await dial(town.sandbox)
    await wire.send(2, {"token": town.bot.token, "intents": 1, "properties": {}, "shard": shard})
    assert await wire.closed() == 4010


@pytest.mark.parametrize("intents", [1 << 17, 1 << 30, -1, "1", None])
async def test_unknown_intents_close_with_4013(town: Any, dial: Any, intents: Any) -> None:
    """Bits that are no intent are refused."""
    wire = await dial(town.sandbox)
    await wire.send(2, {"token": town.bot.token, "intents": intents, "properties": {}})
    assert await wire.closed() == 4013


async def test_disallowed_intents_close_with_4014(town: Any, dial: Any) -> None:
    """A privileged intent that the application may not use is refused; the others work."""
    shy = town.sandbox.world.add_bot("shy", privileged=0)
    for bit in (1, 8, 15):
        wire = await dial(town.sandbox)
        await wire.send(2, {"token": shy.token, "intents": 1 << bit, "properties": {}})
        assert await wire.closed() == 4014
    wire = await dial(town.sandbox)
    await wire.identify(shy.token, 1)


async def test_a_wrong_version_closes_with_4012(town: Any, dial: Any) -> None:
    """Only versions 9 and 10 are spoken."""
    wire = await dial(town.sandbox, hello=False, v="5")
    assert await wire.closed() == 4012


async def test_a_second_identify_within_five_seconds_gets_op_9(make_town: MakeTown, dial: Any) -> None:
    """With a concurrency of one, the second identify in five seconds must wait."""
    async with make_town(identify_window_s=5.0) as town:
        first = await dial(town.sandbox)
        await first.identify(town.bot.token)
        second = await dial(town.sandbox)
        await second.send(2, {"token": town.bot.token, "intents": 1, "properties": {}})
        assert (await second.until(9))["d"] is False
        other_bot = await dial(town.sandbox)
        await other_bot.identify(town.plain.token)
        town.sandbox.clock.offset_s += 6
        third = await dial(town.sandbox)
        await third.identify(town.bot.token)


async def test_shards_wait_only_for_their_own_key(make_town: MakeTown, dial: Any) -> None:
    """Identifies count by `shard_id % max_concurrency`."""
    async with make_town(max_concurrency=2, identify_window_s=5.0) as town:
        for shard_id in (0, 1):
            wire = await dial(town.sandbox)
            await wire.identify(town.bot.token, shard=[shard_id, 4])
        wire = await dial(town.sandbox)
        await wire.send(2, {"token": town.bot.token, "intents": 1, "properties": {}, "shard": [2, 4]})
        assert (await wire.until(9))["d"] is False


async def test_a_shard_hears_only_of_its_own_groups(town: Any, dial: Any) -> None:
    """The group of a shard is `(guild_id >> 22) % count`."""
    home = (int(town.guild_id) >> 22) % 2
    here, there = await dial(town.sandbox), await dial(town.sandbox)
    ready_here = await here.identify(town.bot.token, shard=[home, 2])
    ready_there = await there.identify(town.bot.token, shard=[1 - home, 2])
    assert len(ready_here["d"]["guilds"]) == 1
    assert ready_here["d"]["shard"] == [home, 2]
    assert ready_there["d"]["guilds"] == []
    await here.rest()
    town.sandbox.world.add_channel(town.guild, "news")
    assert await here.names() == ["CHANNEL_CREATE"]
    assert await there.names() == []


async def test_too_many_identifies_in_a_day_cost_the_token(make_town: MakeTown, dial: Any, http: Any) -> None:
    """Beyond `session_start_limit.total` all sessions die and the token is another one."""
    async with make_town(identifies_per_day=2) as town:
        token = town.bot.token
        rest = http(town.sandbox.api_base, token)
        first = await dial(town.sandbox)
        await first.identify(token)
        limit = (await rest("GET", "/gateway/bot")).json["session_start_limit"]
        assert (limit["total"], limit["remaining"]) == (2, 1)
        second = await dial(town.sandbox)
        await second.identify(token)
        third = await dial(town.sandbox)
        await third.send(2, {"token": token, "intents": 1, "properties": {}})
        assert await third.closed() == 4004
        assert await first.closed() == 4004
        assert town.bot.token != token
        assert (await rest("GET", "/users/@me")).status == 401


async def test_the_gateway_says_where_it_is(town: Any, anonymous: Any, rest: Any) -> None:
    """The handed-out address carries no query, because clients append theirs."""
    open_answer = await anonymous("GET", "/gateway")
    closed_answer = await anonymous("GET", "/gateway/bot")
    assert open_answer.json == {"url": f"ws{town.sandbox.url[4:]}/gateway"}
    assert closed_answer.status == 401
    assert (await rest("GET", "/gateway/bot")).json["shards"] == 1


async def test_unknown_keys_of_identify_are_tolerated(town: Any, dial: Any) -> None:
    """A presence with the old key `game`, compress and large_threshold do no harm."""
    wire = await dial(town.sandbox)
    presence = {"status": "online", "game": None, "since": 0, "afk": False}
    await wire.identify(town.bot.token, compress=True, large_threshold=250, presence=presence)


@pytest.mark.parametrize("raw", ["{", "[]", '"x"', "nonsense", "\x00"])
async def test_an_undecodable_payload_closes_with_4002(town: Any, dial: Any, raw: str) -> None:
    """What is not a JSON object is refused."""
    wire = await dial(town.sandbox)
    await wire.socket.send_str(raw)
    assert await wire.closed() == 4002


async def test_a_payload_of_4096_bytes_passes_and_one_more_closes_with_4002(town: Any, dial: Any) -> None:
    """The limit counts bytes, not characters."""
    wire = await dial(town.sandbox)
    frame = json.dumps({"op": 1, "d": None, "x": ""})
    await wire.socket.send_str(frame[:-2] + "y" * (4096 - len(frame)) + frame[-2:])
    assert (await wire.next())["op"] == 11
    await wire.socket.send_str(frame[:-2] + "y" * (4097 - len(frame)) + frame[-2:])
    assert await wire.closed() == 4002


@pytest.mark.parametrize("payload", [{"op": 99}, {"op": 0}, {"op": 10}, {"op": "2"}, {}, {"op": 2, "d": 1}])
async def test_an_unknown_opcode_closes_with_4001(town: Any, dial: Any, payload: Any) -> None:
    """So does a known one whose data is of another shape."""
    wire = await dial(town.sandbox)
    await wire.socket.send_str(json.dumps(payload))
    assert await wire.closed() == 4001
