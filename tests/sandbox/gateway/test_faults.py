"""Faults of the gateway: each strikes whom it should, as often as it was told."""

import asyncio
from typing import Any

import aiohttp
import pytest

from droas_sandbox.world import talk


async def _online(town: Any, dial: Any, token: str | None = None) -> tuple[Any, str]:
    wire = await dial(town.sandbox)
    ready = await wire.identify(token or town.bot.token)
    await wire.rest()
    wire.seen.clear()
    return wire, ready["d"]["session_id"]


def _say(town: Any, *words: str) -> None:
    world = town.sandbox.world
    for word in words:
        talk.say(world, town.channel_id, world.users[town.alice_id], {"content": word})


async def _heard(wire: Any) -> list[str]:
    return [frame["d"]["content"] for frame in await wire.rest() if frame["t"] == "MESSAGE_CREATE"]


async def test_drop_cuts_the_connection_without_a_close_frame(town: Any, dial: Any, control: Any) -> None:
    """The client sees 1006, and may resume."""
    wire, session_id = await _online(town, dial)
    answer = await control("POST", "/faults", {"kind": "drop", "match": {"bot_id": town.bot.user_id}})
    assert answer.json["hit"] == 1
    assert await wire.closed() in (None, 1006)
    back = await dial(town.sandbox)
    await back.send(6, {"token": town.bot.token, "session_id": session_id, "seq": 2})
    await back.until("RESUMED")


async def test_close_closes_with_the_code_that_was_asked_for(town: Any, dial: Any, control: Any) -> None:
    """Any code goes; others than the matched bot stay."""
    wire, _ = await _online(town, dial)
    other, _ = await _online(town, dial, town.plain.token)
    fault = {"kind": "close", "code": 4001, "match": {"bot_id": town.bot.user_id}}
    await control("POST", "/faults", fault)
    assert await wire.closed() == 4001
    assert await other.names() == []
    closed = next(one for one in (await control("GET", "/sessions")).json if not one["live"])
    assert closed["close_code"] == 4001
    assert closed["bot_id"] == town.bot.user_id


async def test_reconnect_sends_op_7_and_closes_later(town: Any, dial: Any, control: Any) -> None:
    """Op 7 first; the server closes by itself after a while."""
    wire, _ = await _online(town, dial)
    await control("POST", "/faults", {"kind": "reconnect", "close_after_s": 0.01})
    assert (await wire.until(7))["d"] is None
    assert await wire.closed() == 4000


@pytest.mark.parametrize("resumable", [True, False])
async def test_invalid_session_now(town: Any, dial: Any, control: Any, *, resumable: bool) -> None:
    """Op 9 says whether the session can be resumed, and it can or cannot."""
    wire, session_id = await _online(town, dial)
    await control("POST", "/faults", {"kind": "invalid_session", "resumable": resumable})
    assert (await wire.until(9))["d"] is resumable
    back = await dial(town.sandbox)
    await back.send(6, {"token": town.bot.token, "session_id": session_id, "seq": 2})
    answer = await back.next()
    assert answer["t"] == "RESUMED" if resumable else answer["op"] == 9


async def test_invalid_session_at_identify(town: Any, dial: Any, control: Any) -> None:
    """The next identifies are refused as often as was asked."""
    await control("POST", "/faults", {"kind": "invalid_session", "on": "identify", "times": 2})
    wire = await dial(town.sandbox)
    for _ in range(2):
        await wire.send(2, {"token": town.bot.token, "intents": 1, "properties": {}})
        assert (await wire.until(9))["d"] is False
    await wire.identify(town.bot.token)


async def test_refuse_answers_503(town: Any, session: aiohttp.ClientSession, control: Any) -> None:
    """The upgrade is turned away, once."""
    await control("POST", "/faults", {"kind": "refuse"})
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await session.ws_connect(f"{town.sandbox.url}/gateway?v=10&encoding=json")
    assert error.value.status == 503
    socket = await session.ws_connect(f"{town.sandbox.url}/gateway?v=10&encoding=json")
    await socket.close()


async def test_withheld_acks_come_back(town: Any, dial: Any, control: Any) -> None:
    """Beats are swallowed as often as was asked, and no more."""
    wire, _ = await _online(town, dial)
    await control("POST", "/faults", {"kind": "withhold_acks", "times": 2})
    for _ in range(3):
        await wire.send(1, None)
    _say(town, "marker")
    assert [frame["op"] for frame in [await wire.next(), await wire.next()]] in ([11, 0], [0, 11])


async def test_duplicate_drop_and_reorder_events(town: Any, dial: Any, control: Any) -> None:
    """Delivery can be made as bad as Discord reserves the right to."""
    wire, _ = await _online(town, dial)
    match = {"event": "MESSAGE_CREATE"}
    await control("POST", "/faults", {"kind": "duplicate_events", "match": match})
    _say(town, "a", "b")
    assert await _heard(wire) == ["a", "a", "b"]
    await control("POST", "/faults", {"kind": "drop_events", "match": match})
    _say(town, "c", "d")
    assert await _heard(wire) == ["d"]
    await control("POST", "/faults", {"kind": "reorder_events", "match": match})
    _say(town, "e", "f", "g")
    assert await _heard(wire) == ["f", "e", "g"]


async def test_split_frames_still_decode(town: Any, dial: Any, control: Any) -> None:
    """A message over two binary frames: only the last ends with the suffix."""
    wire = await dial(town.sandbox, compress=True)
    await wire.identify(town.bot.token)
    await wire.rest()
    await control("POST", "/faults", {"kind": "split_frames"})
    _say(town, "in two parts")
    first = (await wire.socket.receive()).data
    second = (await wire.socket.receive()).data
    assert not first.endswith(b"\x00\x00\xff\xff")
    assert second.endswith(b"\x00\x00\xff\xff")
    assert b"in two parts" in wire.inflate.decompress(first + second)


async def test_a_drop_for_some_time_strikes_those_who_come_back(town: Any, dial: Any, control: Any) -> None:
    """With `for_s` the fault lasts; with the clock it ends."""
    wire, _ = await _online(town, dial)
    await control("POST", "/faults", {"kind": "drop", "for_s": 60})
    await wire.closed()
    again = await dial(town.sandbox)
    await again.send(2, {"token": town.bot.token, "intents": 1, "properties": {}})
    await again.closed()
    town.sandbox.clock.offset_s += 61
    await _online(town, dial)


async def test_silence_swallows_everything(town: Any, dial: Any, control: Any) -> None:
    """Not even acknowledgements come while it lasts."""
    wire, _ = await _online(town, dial)
    made = await control("POST", "/faults", {"kind": "silence", "for_s": 60})
    await wire.send(1, None)
    _say(town, "unheard")
    with pytest.raises(TimeoutError):
        await wire.next(timeout_s=0.05)
    await control("DELETE", f"/faults/{made.json['id']}")
    _say(town, "heard")
    assert (await wire.until("MESSAGE_CREATE"))["d"]["content"] == "heard"


async def test_faults_are_listed_and_cleared(town: Any, control: Any) -> None:
    """What is armed can be read, one or all, and disarmed."""
    made = (await control("POST", "/faults", {"kind": "delay", "seconds": 9, "times": 3})).json
    listed = (await control("GET", "/faults")).json
    assert [(one["id"], one["kind"], one["times"]) for one in listed] == [(made["id"], "delay", 3)]
    assert (await control("GET", f"/faults/{made['id']}")).json["taken"] == 0
    await control("DELETE", "/faults")
    assert (await control("GET", "/faults")).json == []
    assert (await control("GET", f"/faults/{made['id']}")).status == 404
    assert (await control("POST", "/faults", {"kind": "volcano"})).status == 400


async def test_op_7_before_hello(town: Any, dial: Any, control: Any) -> None:
    """Op 7 may come before anything else; the connection after it is healthy."""
    await control("POST", "/faults", {"kind": "reconnect", "on": "connect"})
    wire = await dial(town.sandbox, hello=False)
    assert (await wire.next())["op"] == 7
    await _online(town, dial)


async def test_a_slow_hello_comes_late(town: Any, dial: Any, control: Any) -> None:
    """Nothing is said before it."""
    await control("POST", "/faults", {"kind": "slow_hello", "seconds": 0.05})
    loop = asyncio.get_running_loop()
    start = loop.time()
    await dial(town.sandbox)
    assert loop.time() - start >= 0.05


async def test_delayed_events_come_late_and_in_order(town: Any, dial: Any, control: Any) -> None:
    """What is delayed comes behind what happened meanwhile; a session that has ended gets nothing."""
    wire, _ = await _online(town, dial)
    delayed = {"kind": "delay_events", "seconds": 0.05, "times": 2, "match": {"event": "MESSAGE_CREATE"}}
    await control("POST", "/faults", delayed)
    _say(town, "a", "b", "c")
    words = [(await wire.until("MESSAGE_CREATE"))["d"]["content"] for _ in "abc"]
    numbers = [frame["s"] for frame in wire.seen if frame["t"] == "MESSAGE_CREATE"]
    assert words == ["c", "a", "b"]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"kind": "volcano"}, "unknown fault 'volcano'; there are ask_heartbeat, "),
        ({"kind": "delay", "second": 5}, "delay has no option 'second'; it has for_s, match, seconds, times"),
        ({"kind": "delay", "seconds": "5"}, "seconds of delay cannot be '5'"),
        ({"kind": "delay", "times": 0}, "times of delay cannot be 0"),
        ({"kind": "delay", "for_s": -1}, "for_s of delay cannot be -1"),
        ({"kind": "delay", "match": "x"}, "match of delay cannot be 'x'"),
        ({"kind": "delay", "match": {"route": "("}}, "match of delay cannot be"),
        ({"kind": "delay", "match": {"path": "/x"}}, "match of delay cannot be"),
        ({"kind": "status", "status": 99}, "status of status cannot be 99"),
        ({"kind": "status", "headers": {"X": []}}, "headers of status cannot be"),
        ({"kind": "rate_limit", "scope": "all"}, "scope of rate_limit cannot be 'all'"),
        ({"kind": "drop", "on": "hello"}, "on of drop cannot be 'hello'"),
        ({"kind": "close", "code": True}, "code of close cannot be True"),
        ({"kind": "model_cut", "after_chunks": 1.5}, "after_chunks of model_cut cannot be 1.5"),
    ],
)
async def test_a_wrong_fault_is_refused_when_it_is_armed(
    town: Any, control: Any, fault: Any, complaint: str
) -> None:
    """Whoever mistypes a fault learns it at once, and nothing is armed."""
    answer = await control("POST", "/faults", fault)
    assert answer.status == 400
    assert complaint in answer.json["message"]
    assert (await control("GET", "/faults")).json == []
