"""Sessions outlive connections: what a resume brings back, and when it cannot."""

import asyncio
from typing import Any


def _speak(town: Any, count: int) -> None:
    for number in range(count):
        town.sandbox.world.add_channel(town.guild, f"channel-{number}")


async def _resume(wire: Any, token: str, session_id: str, sequence: int) -> None:
    await wire.send(6, {"token": token, "session_id": session_id, "seq": sequence})


async def _session(town: Any, dial: Any) -> tuple[Any, str, int]:
    """Identify and give the connection, the session's id and the last sequence number."""
    wire = await dial(town.sandbox)
    ready = await wire.identify(town.bot.token)
    await wire.rest()
    return wire, ready["d"]["session_id"], max(frame["s"] or 0 for frame in wire.seen)


async def _drop(town: Any, wire: Any) -> None:
    """Lose the connection without a close frame, and wait until the server has seen it."""
    wire.socket._response.connection.transport.abort()
    await _offline(town)


async def _offline(town: Any) -> None:
    async with asyncio.timeout(2):
        while town.sandbox.hub.live(town.bot.user_id):
            await asyncio.sleep(0.001)


async def test_sequence_numbers_rise_by_one(town: Any, dial: Any) -> None:
    """Every dispatch has its own number, without gaps."""
    wire, _, last = await _session(town, dial)
    _speak(town, 20)
    await wire.rest()
    numbers = [frame["s"] for frame in wire.seen if frame["op"] == 0]
    assert numbers == list(range(1, last + 21))


async def test_a_resume_replays_exactly_what_was_missed(town: Any, dial: Any) -> None:
    """Missed dispatches come in order with their numbers, then RESUMED, then live events."""
    wire, session_id, last = await _session(town, dial)
    await _drop(town, wire)
    _speak(town, 5)
    back = await dial(town.sandbox)
    await _resume(back, town.bot.token, session_id, last)
    resumed = await back.until("RESUMED")
    assert isinstance(resumed["d"], dict)
    missed = [frame for frame in back.seen if frame["op"] == 0]
    assert [frame["t"] for frame in missed] == ["CHANNEL_CREATE"] * 5 + ["RESUMED"]
    assert [frame["s"] for frame in missed] == list(range(last + 1, last + 7))
    _speak(town, 1)
    assert (await back.until("CHANNEL_CREATE"))["s"] == last + 7


async def test_a_resume_with_an_older_number_replays_what_was_seen_already(town: Any, dial: Any) -> None:
    """The replay starts behind the client's number, not behind the server's memory of it."""
    wire, session_id, _ = await _session(town, dial)
    await _drop(town, wire)
    back = await dial(town.sandbox)
    await _resume(back, town.bot.token, session_id, 1)
    await back.until("RESUMED")
    assert [frame["t"] for frame in back.seen if frame["op"] == 0] == ["GUILD_CREATE", "RESUMED"]


async def test_a_client_close_with_1000_or_1001_ends_the_session(town: Any, dial: Any) -> None:
    """Whoever says goodbye has to identify anew."""
    for code in (1000, 1001):
        wire, session_id, last = await _session(town, dial)
        await wire.socket.close(code=code)
        back = await dial(town.sandbox)
        await _resume(back, town.bot.token, session_id, last)
        assert (await back.until(9))["d"] is False


async def test_a_client_close_with_another_code_keeps_the_session(town: Any, dial: Any) -> None:
    """4000 is a close with the intention to come back."""
    wire, session_id, last = await _session(town, dial)
    await wire.socket.close(code=4000)
    back = await dial(town.sandbox)
    await _resume(back, town.bot.token, session_id, last)
    await back.until("RESUMED")


async def test_a_resume_beyond_the_buffer_is_invalid(make_town: Any, dial: Any) -> None:
    """When more was missed than is kept, op 9 `false` says so."""
    async with make_town(replay_events=3) as town:
        wire, session_id, last = await _session(town, dial)
        await _drop(town, wire)
        _speak(town, 4)
        back = await dial(town.sandbox)
        await _resume(back, town.bot.token, session_id, last)
        assert (await back.until(9))["d"] is False


async def test_a_future_number_closes_with_4007_and_ends_the_session(town: Any, dial: Any) -> None:
    """The client has seen what was never sent: the next resume is told to identify."""
    wire, session_id, last = await _session(town, dial)
    await _drop(town, wire)
    back = await dial(town.sandbox)
    await _resume(back, town.bot.token, session_id, last + 1)
    assert await back.closed() == 4007
    again = await dial(town.sandbox)
    await _resume(again, town.bot.token, session_id, last)
    assert (await again.until(9))["d"] is False


async def test_an_expired_session_is_invalid(town: Any, dial: Any) -> None:
    """A session waits for its client only for so long."""
    wire, session_id, last = await _session(town, dial)
    await _drop(town, wire)
    town.sandbox.clock.offset_s += 181
    back = await dial(town.sandbox)
    await _resume(back, town.bot.token, session_id, last)
    assert (await back.until(9))["d"] is False


async def test_foreign_tokens_and_unknown_sessions_are_invalid(town: Any, dial: Any) -> None:
    """A session belongs to its token."""
    wire, session_id, last = await _session(town, dial)
    await _drop(town, wire)
    back = await dial(town.sandbox)
    await _resume(back, town.plain.token, session_id, last)
    assert (await back.until(9))["d"] is False
    await _resume(back, town.bot.token, "0" * 32, last)
    assert (await back.until(9))["d"] is False
    await _resume(back, town.bot.token, session_id, last)
    await back.until("RESUMED")


async def test_a_resume_takes_the_session_from_an_older_connection(town: Any, dial: Any) -> None:
    """A half-dead connection loses its session; the bot is never counted twice."""
    old, session_id, last = await _session(town, dial)
    new = await dial(town.sandbox)
    await _resume(new, town.bot.token, session_id, last)
    await new.until("RESUMED")
    assert await old.closed() == 4000
    assert len(town.sandbox.hub.live(town.bot.user_id)) == 1
    assert not town.sandbox.hub.overlaps


async def test_two_identified_connections_are_an_overlap(town: Any, dial: Any, control: Any) -> None:
    """The moment at which a bot is on the gateway twice is written down."""
    assert (await control("GET", "/overlaps")).json == []
    await _session(town, dial)
    await _session(town, dial)
    overlap = (await control("GET", "/overlaps")).json[0]
    assert (overlap["bot_id"], overlap["connections"]) == (town.bot.user_id, 2)


async def test_a_missing_heartbeat_closes_with_4009_and_ends_the_session(make_town: Any, dial: Any) -> None:
    """A silent client is closed, and its session is over."""
    async with make_town(heartbeat_interval_s=0.05, heartbeat_tolerance_s=0.1) as town:
        wire = await dial(town.sandbox)
        ready = await wire.identify(town.bot.token)
        assert await wire.closed() == 4009
        back = await dial(town.sandbox)
        await _resume(back, town.bot.token, ready["d"]["session_id"], 1)
        assert (await back.until(9))["d"] is False


async def test_beating_in_time_keeps_the_connection(make_town: Any, dial: Any) -> None:
    """The deadline moves with every beat."""
    async with make_town(heartbeat_interval_s=0.05, heartbeat_tolerance_s=0.75) as town:
        wire = await dial(town.sandbox)
        for _ in range(10):
            await wire.send(1, None)
            await wire.until(11)
            await asyncio.sleep(0.1)  # in all longer than the allowance of 0.8 s
