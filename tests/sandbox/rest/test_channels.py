"""Channels and threads."""

import json
from typing import Any

import pytest

from droas_sandbox.world import talk


async def test_channels_are_made_changed_and_deleted(town: Any, rest: Any, conforms: Any) -> None:
    """201 with the channel; changes are told; overwrites are texts."""
    made = await rest("POST", f"/guilds/{town.guild_id}/channels", {"name": "news", "topic": "new"})
    conforms("GuildChannelResponse", made.json)
    assert (made.status, made.json["topic"]) == (201, "new")
    path = f"/channels/{made.json['id']}"
    assert (await rest("PATCH", path, {"rate_limit_per_user": 21_600})).json["rate_limit_per_user"] == 21_600
    assert (await rest("PATCH", path, {"rate_limit_per_user": 21_601})).code == 50035
    body = {"type": 1, "allow": 1024, "deny": "2048"}
    assert (await rest("PUT", f"{path}/permissions/{town.alice_id}", body)).status == 204
    overwrites = (await rest("GET", path)).json["permission_overwrites"]
    assert overwrites == [{"id": town.alice_id, "type": 1, "allow": "1024", "deny": "2048"}]
    assert (await rest("DELETE", f"{path}/permissions/{town.alice_id}")).status == 204
    assert (await rest("DELETE", path)).status == 200
    assert (await rest("GET", path)).code == 10003
    assert len((await rest("GET", f"/guilds/{town.guild_id}/channels")).json) == 1


async def test_a_thread_from_a_message_has_its_id_and_is_the_only_one(
    town: Any, rest: Any, conforms: Any
) -> None:
    """160004 for a second one; the message gets its flag."""
    world = town.sandbox.world
    message = talk.say(world, town.channel_id, world.users[town.alice_id], {"content": "topic"}).data
    path = f"/channels/{town.channel_id}/messages/{message['id']}"
    made = await rest("POST", f"{path}/threads", {"name": "talk", "auto_archive_duration": 60})
    conforms("ThreadResponse", made.json)
    assert (made.status, made.json["id"], made.json["type"]) == (201, message["id"], 11)
    again = await rest("POST", f"{path}/threads", {"name": "talk"})
    assert (again.status, again.code) == (400, 160004)
    assert (await rest("GET", path)).json["flags"] == 32
    assert (await rest("POST", f"{path}/threads", {"name": "x", "auto_archive_duration": 61})).code == 160004


async def test_threads_without_message_and_their_members(
    town: Any, rest: Any, plain_rest: Any, conforms: Any
) -> None:
    """Private by default; joining by PUT and by POST; the starter is a member."""
    made = (await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "quiet"})).json
    assert made["type"] == 12
    public = (await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "loud", "type": 11})).json
    members = f"/channels/{public['id']}/thread-members"
    assert (await plain_rest("POST", f"{members}/@me")).status == 204
    assert (await plain_rest("PUT", f"{members}/@me")).status == 204
    listed = (await rest("GET", members)).json
    conforms("ThreadMemberResponse", listed[0])
    assert {member["user_id"] for member in listed} == {town.bot.user_id, town.plain.user_id}
    assert (await plain_rest("DELETE", f"{members}/@me")).status == 204
    assert len((await rest("GET", members)).json) == 1
    active = (await rest("GET", f"/guilds/{town.guild_id}/threads/active")).json
    assert {thread["id"] for thread in active["threads"]} == {made["id"], public["id"]}


async def test_speaking_wakes_an_archived_thread_unless_it_is_locked(
    town: Any, rest: Any, plain_rest: Any
) -> None:
    """Archived threads wake; locked ones stay shut for those who may not manage threads."""
    thread = (await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "t", "type": 11})).json
    path = f"/channels/{thread['id']}"
    await rest("PATCH", path, {"archived": True})
    archived = (await rest("GET", f"/channels/{town.channel_id}/threads/archived/public")).json
    assert [one["id"] for one in archived["threads"]] == [thread["id"]]
    assert (await plain_rest("POST", f"{path}/messages", {"content": "x"})).status == 200
    assert (await rest("GET", path)).json["thread_metadata"]["archived"] is False
    await rest("PATCH", path, {"archived": True, "locked": True})
    assert (await plain_rest("POST", f"{path}/messages", {"content": "x"})).code == 160005
    assert (await rest("POST", f"{path}/messages", {"content": "x"})).status == 200


async def test_messages_do_not_fit_into_forums_and_categories(town: Any, rest: Any) -> None:
    """A forum takes posts, a category nothing."""
    for kind in (4, 15):
        channel = town.sandbox.world.add_channel(town.guild, f"kind-{kind}", kind)
        answer = await rest("POST", f"/channels/{channel['id']}/messages", {"content": "x"})
        assert (answer.status, answer.code) == (400, 50008)


async def test_slowmode_holds_people_and_not_bots(
    town: Any, rest: Any, plain_rest: Any, control: Any
) -> None:
    """429 with 20016 and the time to wait."""
    await rest("PATCH", f"/channels/{town.channel_id}", {"rate_limit_per_user": 10})
    path = f"/channels/{town.channel_id}/messages"
    body = {"author_id": town.alice_id, "content": "x"}
    assert (await control("POST", path, body)).status == 200
    slow = await control("POST", path, body)
    assert (slow.status, slow.code) == (429, 20016)
    assert 9 < slow.json["retry_after"] <= 10
    assert [(await plain_rest("POST", path, {"content": "x"})).status for _ in "12"] == [200, 200]
    town.sandbox.clock.offset_s += 10
    assert (await control("POST", path, body)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "type": 11},
        {"name": "x", "type": True},
        {"name": ""},
        {"name": "x", "parent_id": "{channel}"},
        {"name": "x", "rate_limit_per_user": 21_601},
        {"name": "x", "permission_overwrites": [{"id": "everyone"}]},
        {"name": "x", "permission_overwrites": [{"id": "1", "type": 2}]},
    ],
)
async def test_channels_that_cannot_be(town: Any, rest: Any, body: Any) -> None:
    """A thread is no channel of its own, a parent is a category, names and pauses have bounds."""
    text = json.dumps(body).replace("{channel}", town.channel_id)
    before = len(town.guild.channels)
    answer = await rest("POST", f"/guilds/{town.guild_id}/channels", json.loads(text))
    assert (answer.status, answer.code, len(town.guild.channels)) == (400, 50035, before)


async def test_a_private_thread_is_for_those_who_are_in_it(town: Any, rest: Any, plain_rest: Any) -> None:
    """Others do not see it until they are added; who may manage threads sees all."""
    thread = (
        await plain_rest("POST", f"/channels/{town.channel_id}/threads", {"name": "q", "type": 12})
    ).json
    assert thread["code"] == 50013
    thread = (await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "q", "type": 12})).json
    path, active = f"/channels/{thread['id']}", f"/guilds/{town.guild_id}/threads/active"
    assert (await plain_rest("GET", path)).code == 50001
    assert (await plain_rest("GET", active)).json["threads"] == []
    assert (await rest("PUT", f"{path}/thread-members/{town.plain.user_id}")).status == 204
    assert (await plain_rest("POST", f"{path}/messages", {"content": "thanks"})).status == 200
    assert [one["id"] for one in (await plain_rest("GET", active)).json["threads"]] == [thread["id"]]


async def test_a_post_of_a_forum_is_a_thread_with_its_first_message(town: Any, rest: Any) -> None:
    """The message has the thread's id; a post without words is refused, and leaves no thread."""
    forum = town.sandbox.world.add_channel(town.guild, "questions", 15)["id"]
    body = {"name": "how?", "message": {"content": "like this"}}
    made = await rest("POST", f"/channels/{forum}/threads", body)
    assert (made.status, made.json["type"], made.json["parent_id"]) == (201, 11, forum)
    assert made.json["message"]["id"] == made.json["id"]
    (first,) = (await rest("GET", f"/channels/{made.json['id']}/messages")).json
    assert first["content"] == "like this"
    for wrong, code in (({"name": "x"}, 50035), ({"name": "x", "message": {}}, 50006)):
        assert (await rest("POST", f"/channels/{forum}/threads", wrong)).code == code
    assert len(town.guild.threads) == 1
