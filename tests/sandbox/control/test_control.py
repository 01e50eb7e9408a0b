"""The control interface: making a world, acting as people, looking at everything."""

import asyncio
import json
import re
from typing import Any

import pytest


async def test_a_world_from_nothing(control: Any) -> None:
    """Users, a bot with a token of Discord's shape, a group with its owner and channel."""
    await control("POST", "/reset")
    user = (await control("POST", "/users", {"username": "eve", "global_name": "Eve"})).json
    bot = (await control("POST", "/bots", {"username": "helper"})).json
    guild = (await control("POST", "/guilds", {"name": "New", "owner_id": user["id"]})).json
    joined = await control(
        "PUT", f"/guilds/{guild['id']}/members/{bot['id']}", {"permissions": ["kick_members"]}
    )
    assert re.fullmatch(r"[\w-]+\.[\w-]{6}\.[\w-]{38}", bot["token"])
    assert bot["id"] == bot["application_id"]
    state = (await control("GET", "/state")).json
    assert state["users"] == [
        {"id": user["id"], "username": "eve", "global_name": "Eve", "bot": False},
        {"id": bot["id"], "username": "helper", "global_name": None, "bot": True},
    ]
    assert [channel["name"] for channel in state["guilds"][0]["channels"]] == ["general"]
    role = next(role for role in state["guilds"][0]["roles"] if role["managed"])
    assert role["permissions"] == "2"
    assert joined.json["roles"] == [role["id"]]
    assert state["bots"][0]["connected"] is False
    assert state["bots"][0]["sessions_live"] == 0


async def test_a_group_without_an_owner_gets_one(control: Any) -> None:
    """Somebody must own it."""
    guild = (await control("POST", "/guilds", {"name": "Orphan"})).json
    assert guild["owner_id"] in [user["id"] for user in (await control("GET", "/state")).json["users"]]
    channel = (await control("POST", f"/guilds/{guild['id']}/channels", {"name": "more"})).json
    assert channel["type"] == 0
    role = (await control("POST", f"/guilds/{guild['id']}/roles", {"name": "r", "permissions": 8})).json
    assert (role["permissions"], role["position"]) == ("8", 1)


async def test_people_speak_edit_react_and_delete(town: Any, control: Any) -> None:
    """Deleted messages stay visible here, with how often they were edited."""
    path = f"/channels/{town.channel_id}/messages"
    first = (await control("POST", path, {"author_id": town.alice_id, "content": "hi"})).json
    second = {"author_id": town.mallory_id, "content": "ho", "reply_to": first["id"]}
    reply = (await control("POST", path, second)).json
    await control("PATCH", f"{path}/{first['id']}", {"content": "hi!"})
    await control("PUT", f"{path}/{first['id']}/reactions/%F0%9F%91%8D", {"user_id": town.mallory_id})
    await control("DELETE", f"{path}/{reply['id']}")
    assert (
        await control("POST", f"/channels/{town.channel_id}/typing", {"user_id": town.alice_id})
    ).status == 200
    shown = (await control("GET", f"{path}?limit=100")).json
    assert [(one["content"], one["deleted"], one["edits"]) for one in shown] == [
        ("hi!", False, 1),
        ("ho", True, 0),
    ]
    assert shown[0]["reactions"][0]["count"] == 1
    assert shown[1]["type"] == 19
    await control("DELETE", f"{path}/{first['id']}/reactions/%F0%9F%91%8D", {"user_id": town.mallory_id})
    assert "reactions" not in (await control("GET", path)).json[0]


async def test_strangers_cannot_speak(town: Any, control: Any) -> None:
    """Who is not in the group gets Discord's answer, unless forced; nobody at all gets 404."""
    stranger = (await control("POST", "/users", {"username": "stranger"})).json
    path = f"/channels/{town.channel_id}/messages"
    body = {"author_id": stranger["id"], "content": "x"}
    refused = await control("POST", path, body)
    assert (refused.status, refused.code) == (403, 50001)
    assert (await control("POST", f"{path}?force=1", body)).status == 200
    assert (await control("POST", path, {"author_id": "5", "content": "x"})).status == 404
    assert (await control("POST", path, {"content": "x"})).status == 400
    assert (await control("POST", "/channels/1/messages", body)).status == 404


async def test_leaving_and_the_audit_log(town: Any, control: Any) -> None:
    """A leave is no moderation: no audit entry."""
    await control("DELETE", f"/guilds/{town.guild_id}/members/{town.alice_id}")
    assert town.alice_id not in town.guild.members
    assert (await control("GET", f"/audit/{town.guild_id}")).json == []


async def test_a_dm_is_made_once(town: Any, control: Any) -> None:
    """And its messages are the bot's and the person's."""
    body = {"user_id": town.alice_id, "bot_id": town.bot.user_id}
    dm = (await control("POST", "/dms", body)).json
    assert (await control("POST", "/dms", body)).json["id"] == dm["id"]
    sent = await control(
        "POST", f"/channels/{dm['id']}/messages", {"author_id": town.alice_id, "content": "x"}
    )
    assert sent.status == 200
    assert (await control("GET", "/state")).json["dms"][0]["recipients"] == [town.alice_id]


async def test_a_seed_adds_to_the_world(control: Any) -> None:
    """The same document as the program's; what is wrong with it is a 400."""
    document = {"users": [{"username": "u"}], "guilds": [{"name": "g", "owner": "u", "members": ["alice"]}]}
    state = (await control("POST", "/seed", document)).json
    assert [guild["name"] for guild in state["guilds"]] == ["Harbour", "g"]
    bad = await control("POST", "/seed", {"guilds": [{"name": "g", "owner": "nobody"}]})
    assert bad.status == 400
    assert "guilds[0]" in bad.json["message"]


async def test_the_clock_can_be_set(town: Any, control: Any) -> None:
    """An offset for everything that has an age."""
    before = (await control("GET", "/time")).json["now"]
    after = (await control("POST", "/time", {"offset_s": 3600})).json
    assert after["offset_s"] == 3600
    assert 3599 < after["now"] - before < 3605


async def test_a_reset_closes_everybody_and_forgets(town: Any, control: Any, session: Any) -> None:
    """World, sessions, faults and the clock are as at the beginning."""
    socket = await session.ws_connect(f"{town.sandbox.url}/gateway?v=10&encoding=json")
    await socket.receive()
    await socket.send_json({"op": 2, "d": {"token": town.bot.token, "intents": 1, "properties": {}}})
    await socket.receive()
    await control("POST", "/faults", {"kind": "delay"})
    await control("POST", "/time", {"offset_s": 5})
    await control("POST", "/reset")
    while not socket.closed:
        await socket.receive()
    assert socket.close_code == 4004
    assert (await control("GET", "/state")).json == {"guilds": [], "users": [], "bots": [], "dms": []}
    assert (await control("GET", "/faults")).json == []
    assert (await control("GET", "/time")).json["offset_s"] == 0


async def _events(response: Any, count: int) -> list[Any]:
    found: list[Any] = []
    async with asyncio.timeout(3):
        while len(found) < count:
            line = (await response.content.readline()).decode()
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))
    return found


async def test_the_stream_tells_pages_what_happens(town: Any, control: Any, session: Any, rest: Any) -> None:
    """Every change has its type; a bulk deletion is told message by message."""
    async with session.get(f"{town.sandbox.url}/sandbox/stream") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        await response.content.readline()
        path = f"/channels/{town.channel_id}/messages"
        ids = [
            (await control("POST", path, {"author_id": town.alice_id, "content": str(n)})).json["id"]
            for n in range(2)
        ]
        await rest("POST", f"{path}/bulk-delete", {"messages": ids})
        await rest("PUT", f"/guilds/{town.guild_id}/bans/{town.mallory_id}", {})
        told = await _events(response, 8)
    types = [event["type"] for event in told]
    assert types[:4] == ["message_create", "message_create", "message_delete", "message_delete"]
    assert {"ban_add", "member_remove"} < set(types)
    assert told[0]["content"] == "0"
    assert told[0]["message_type"] == 0
    assert [told[2]["id"], told[3]["id"]] == ids
    assert {event["deleted_by"] for event in told[2:4]} == {town.bot.user_id}


async def test_a_page_that_does_not_read_is_cut(town: Any, control: Any, session: Any) -> None:
    """Its queue is bounded; the world goes on."""
    async with session.get(f"{town.sandbox.url}/sandbox/stream") as response:
        await response.content.readline()
        for number in range(2500):
            town.sandbox.world.add_channel(town.guild, f"c{number}")
        assert not town.sandbox._stream._pages


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "127.0.0.1.evil.example:80"},
    ],
)
async def test_foreign_pages_cannot_use_it(town: Any, control: Any, headers: dict[str, str]) -> None:
    """Neither by a name that points here, nor across origins."""
    assert (await control("GET", "/state", headers=headers)).status == 403


async def test_its_own_page_may_use_it(town: Any, control: Any) -> None:
    """The sandbox's own origin is welcome."""
    assert (await control("GET", "/state", headers={"Origin": town.sandbox.url})).status == 200


@pytest.mark.parametrize("body", ["[]", "5", "{", '{"username": {}}'])
async def test_faulty_bodies_are_400(control: Any, body: str) -> None:
    """What cannot be read is the caller's fault."""
    answer = await control("POST", "/guilds", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400
    assert answer.json["message"]
