"""Webhooks: made, executed, changed, gone."""

from typing import Any

import pytest


@pytest.fixture
async def hook(town: Any, rest: Any) -> Any:
    """A webhook in the channel."""
    return (await rest("POST", f"/channels/{town.channel_id}/webhooks", {"name": "alerts"})).json


async def test_a_webhook_is_made_and_shown(
    town: Any, rest: Any, anonymous: Any, hook: Any, conforms: Any
) -> None:
    """With its token for moderators; by its token without the user."""
    conforms("GuildIncomingWebhookResponse", hook)
    assert len(hook["token"]) == 68
    assert [one["id"] for one in (await rest("GET", f"/channels/{town.channel_id}/webhooks")).json] == [
        hook["id"]
    ]
    assert [one["id"] for one in (await rest("GET", f"/guilds/{town.guild_id}/webhooks")).json] == [
        hook["id"]
    ]
    by_token = (await anonymous("GET", f"/webhooks/{hook['id']}/{hook['token']}")).json
    assert "user" not in by_token
    assert (await rest("GET", f"/webhooks/{hook['id']}")).json["user"]["id"] == town.bot.user_id


async def test_wait_decides_between_204_and_the_message(anonymous: Any, hook: Any, conforms: Any) -> None:
    """The default is not to wait."""
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    for query in ("", "?wait=false", "?wait=0"):
        assert (await anonymous("POST", path + query, {"content": "x"})).status == 204
    for query in ("?wait=true", "?wait=1"):
        answer = await anonymous("POST", path + query, {"content": "x", "username": "Other"})
        assert answer.status == 200
        conforms("MessageResponse", answer.json)
        assert answer.json["webhook_id"] == answer.json["author"]["id"] == hook["id"]
        assert answer.json["author"]["username"] == "Other"
        assert "reactions" not in answer.json


async def test_its_messages_can_be_read_changed_and_deleted(anonymous: Any, hook: Any) -> None:
    """By the token alone; other people's messages are not its own."""
    path = f"/webhooks/{hook['id']}/{hook['token']}"
    message = (await anonymous("POST", path + "?wait=1", {"content": "x"})).json
    one = f"{path}/messages/{message['id']}"
    assert (await anonymous("PATCH", one, {"content": "y"})).json["content"] == "y"
    assert (await anonymous("GET", one)).json["content"] == "y"
    assert (await anonymous("DELETE", one)).status == 204
    assert (await anonymous("GET", one)).code == 10008


async def test_bad_tokens_and_deleted_webhooks(rest: Any, anonymous: Any, hook: Any) -> None:
    """401 with 50027, 404 with 10015."""
    bad = await anonymous("POST", f"/webhooks/{hook['id']}/nonsense", {"content": "x"})
    assert (bad.status, bad.code) == (401, 50027)
    assert (await rest("DELETE", f"/webhooks/{hook['id']}")).status == 204
    gone = await anonymous("POST", f"/webhooks/{hook['id']}/{hook['token']}", {"content": "x"})
    assert (gone.status, gone.code) == (404, 10015)


async def test_names_and_counts_have_limits(town: Any, rest: Any, hook: Any) -> None:
    """1 to 80 characters, no Clyde, fifteen of a channel."""
    path = f"/channels/{town.channel_id}/webhooks"
    for name in ("", "x" * 81, "Clyde", "my discord hook"):
        assert (await rest("POST", path, {"name": name})).code == 50035
    for number in range(14):
        assert (await rest("POST", path, {"name": f"hook {number}"})).status == 200
    assert (await rest("POST", path, {"name": "one more"})).code == 30007
    assert (await rest("PATCH", f"/webhooks/{hook['id']}", {"name": "renamed"})).json["name"] == "renamed"


async def test_a_webhook_speaks_in_threads_of_its_channel(
    town: Any, rest: Any, anonymous: Any, hook: Any
) -> None:
    """`thread_id` must be one of the channel's threads."""
    thread = (await rest("POST", f"/channels/{town.channel_id}/threads", {"name": "t", "type": 11})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}?wait=1"
    answer = await anonymous("POST", f"{path}&thread_id={thread['id']}", {"content": "x"})
    assert answer.json["channel_id"] == thread["id"]
    assert (await anonymous("POST", f"{path}&thread_id={town.channel_id}", {"content": "x"})).code == 10003


async def test_a_webhook_moves_within_its_group(town: Any, rest: Any) -> None:
    """Another channel of the group is fine; a channel that is not there, or elsewhere, is not."""
    hook = (await rest("POST", f"/channels/{town.channel_id}/webhooks", {"name": "alerts"})).json
    world = town.sandbox.world
    here = world.add_channel(town.guild, "other")["id"]
    away = world.add_channel(world.add_guild("Elsewhere", town.owner_id), "general")["id"]
    assert (await rest("PATCH", f"/webhooks/{hook['id']}", {"channel_id": here})).json["channel_id"] == here
    for channel_id in (away, "1", "general"):
        answer = await rest("PATCH", f"/webhooks/{hook['id']}", {"channel_id": channel_id})
        assert (answer.status, answer.code) == (404, 10003)
