"""Messages over REST: lengths, nonces, replies, edits, deletions, history, pins."""

from typing import Any

import aiohttp
import pytest

from droas_sandbox.world import talk


@pytest.fixture
def path(town: Any) -> str:
    """The channel's messages."""
    return f"/channels/{town.channel_id}/messages"


def _said(town: Any, content: str, **given: Any) -> Any:
    world = town.sandbox.world
    return talk.say(world, town.channel_id, world.users[town.alice_id], {"content": content, **given}).data


async def test_2000_characters_pass_and_2001_do_not(town: Any, rest: Any, path: str) -> None:
    """Characters count, not bytes; the error stands at the field."""
    good = await rest("POST", path, {"content": "\N{SNOWMAN}" * 2000})
    bad = await rest("POST", path, {"content": "x" * 2001})
    assert good.status == 200
    assert (bad.status, bad.code) == (400, 50035)
    assert bad.json["errors"]["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": "  \n "}, {"content": None}, {"embeds": []}]
)
async def test_empty_messages_are_refused(town: Any, rest: Any, path: str, body: Any) -> None:
    """Whitespace alone is nothing."""
    answer = await rest("POST", path, body)
    assert (answer.status, answer.code) == (400, 50006)


async def test_content_is_trimmed(town: Any, rest: Any, path: str) -> None:
    """Discord trims both ends."""
    assert (await rest("POST", path, {"content": "  hi \n"})).json["content"] == "hi"


@pytest.mark.parametrize(
    "embed",
    [
        {"title": "x" * 257},
        {"description": "x" * 4097},
        {"footer": {"text": "x" * 2049}},
        {"author": {"name": "x" * 257}},
        {"fields": [{"name": "n", "value": "x" * 1025}]},
        {"fields": [{"name": "n", "value": "v"}] * 26},
    ],
)
async def test_embeds_have_limits(town: Any, rest: Any, path: str, embed: Any) -> None:
    """Each part of an embed has its own length."""
    answer = await rest("POST", path, {"embeds": [embed]})
    assert (answer.status, answer.code) == (400, 50035)


async def test_embeds_have_6000_characters_in_all(town: Any, rest: Any, path: str) -> None:
    """Two embeds may be too large together; eleven are too many."""
    half = {"description": "x" * 3000}
    assert (await rest("POST", path, {"embeds": [half, half]})).status == 200
    assert (await rest("POST", path, {"embeds": [half, half, {"title": "x"}]})).code == 50035
    assert (await rest("POST", path, {"embeds": [{"title": "x"}] * 11})).code == 50035


async def test_nonce_is_echoed_and_only_enforced_when_asked(town: Any, rest: Any, path: str) -> None:
    """The same author and nonce with `enforce_nonce` give back the first message for a while."""
    first = (await rest("POST", path, {"content": "a", "nonce": "n", "enforce_nonce": True})).json
    again = (await rest("POST", path, {"content": "b", "nonce": "n", "enforce_nonce": True})).json
    loose = (await rest("POST", path, {"content": "c", "nonce": 7})).json
    loose_again = (await rest("POST", path, {"content": "d", "nonce": 7})).json
    assert (first["nonce"], again["id"], again["content"]) == ("n", first["id"], "a")
    assert loose["nonce"] == 7
    assert loose["id"] != loose_again["id"]
    town.sandbox.clock.offset_s += 301
    late = (await rest("POST", path, {"content": "e", "nonce": "n", "enforce_nonce": True})).json
    assert late["id"] != first["id"]


async def test_nonces_of_two_authors_do_not_meet(town: Any, rest: Any, plain_rest: Any, path: str) -> None:
    """A nonce belongs to its author."""
    body = {"content": "a", "nonce": "n", "enforce_nonce": True}
    assert (await rest("POST", path, body)).json["id"] != (await plain_rest("POST", path, body)).json["id"]


async def test_a_reply_refers_and_pings(town: Any, rest: Any, path: str) -> None:
    """Type 19 with the message that it answers; integers are fine as ids."""
    target = _said(town, "question?")
    body = {"content": "answer", "message_reference": {"message_id": int(target["id"])}}
    reply = (await rest("POST", path, body)).json
    assert reply["type"] == 19
    assert reply["referenced_message"]["content"] == "question?"
    assert reply["message_reference"]["message_id"] == target["id"]
    assert [user["id"] for user in reply["mentions"]] == [town.alice_id]


async def test_a_reply_to_nothing_is_refused_unless_it_may(town: Any, rest: Any, path: str) -> None:
    """`fail_if_not_exists: false` makes a plain message of it."""
    reference = {"message_id": "1"}
    bad = await rest("POST", path, {"content": "x", "message_reference": reference})
    good = await rest(
        "POST", path, {"content": "x", "message_reference": {**reference, "fail_if_not_exists": False}}
    )
    assert (bad.status, bad.code) == (400, 50035)
    assert (good.status, good.json["type"]) == (200, 0)


async def test_files_come_as_multipart(town: Any, rest: Any, path: str) -> None:
    """`payload_json` and `files[n]` make a message with attachments."""
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"content": "see"}', content_type="application/json")
    form.add_field("files[0]", b"\x00" * 10, filename="a.bin", content_type="application/octet-stream")
    answer = await rest("POST", path, data=form)
    attachment = answer.json["attachments"][0]
    assert (attachment["filename"], attachment["size"]) == ("a.bin", 10)
    assert answer.json["content"] == "see"


async def test_permissions_for_speaking(town: Any, plain_rest: Any, path: str) -> None:
    """SEND_MESSAGES to speak, VIEW_CHANNEL to know of the channel, nobody's DM but one's own."""
    channel = town.guild.channels[town.channel_id]
    deny = {"id": town.guild_id, "type": 0, "allow": "0"}
    channel["permission_overwrites"] = [{**deny, "deny": str(1 << 11)}]
    assert (await plain_rest("POST", path, {"content": "x"})).code == 50013
    channel["permission_overwrites"] = [{**deny, "deny": str(1 << 10)}]
    assert (await plain_rest("POST", path, {"content": "x"})).code == 50001
    dm = town.sandbox.world.dm(town.bot.user_id, town.alice_id)
    assert (await plain_rest("GET", f"/channels/{dm['id']}/messages")).code == 50001


async def test_edits(town: Any, rest: Any, path: str) -> None:
    """Authors change their words; others cannot; the edit leaves its time."""
    own = (await rest("POST", path, {"content": "one"})).json
    edited = await rest("PATCH", f"{path}/{own['id']}", {"content": "two"})
    assert edited.json["content"] == "two"
    assert edited.json["edited_timestamp"] is not None
    assert (await rest("PATCH", f"{path}/{own['id']}", {"content": ""})).code == 50006
    theirs = _said(town, "hers")
    assert (await rest("PATCH", f"{path}/{theirs['id']}", {"content": "x"})).code == 50005
    assert (await rest("PATCH", f"{path}/{theirs['id']}", {"flags": 4})).json["flags"] == 4


async def test_deletions(town: Any, rest: Any, plain_rest: Any, path: str) -> None:
    """Own messages go freely; others' need MANAGE_MESSAGES and leave an audit entry with its reason."""
    theirs = _said(town, "spam")
    assert (await plain_rest("DELETE", f"{path}/{theirs['id']}")).code == 50013
    reason = {"X-Audit-Log-Reason": "sp%C3%A4m"}
    assert (await rest("DELETE", f"{path}/{theirs['id']}", headers=reason)).status == 204
    assert (await rest("GET", f"{path}/{theirs['id']}")).code == 10008
    assert (await rest("DELETE", f"{path}/{theirs['id']}")).code == 10008
    entry = town.guild.audit[-1]
    assert (entry["action_type"], entry["reason"], entry["target_id"]) == (72, "späm", town.alice_id)
    own = (await rest("POST", path, {"content": "x"})).json
    await rest("DELETE", f"{path}/{own['id']}")
    assert town.guild.audit[-1] is entry


@pytest.mark.parametrize(("count", "code"), [(1, 50016), (2, None), (100, None), (101, 50016)])
async def test_bulk_deletion_takes_2_to_100(town: Any, rest: Any, path: str, count: int, code: Any) -> None:
    """Missing ids count; integers are fine."""
    ids = [int(_said(town, "x")["id"]) + number for number in range(count)]
    answer = await rest("POST", f"{path}/bulk-delete", {"messages": ids})
    assert answer.status == (204 if code is None else 400)
    if code is not None:
        assert answer.code == code


async def test_bulk_deletion_refuses_duplicates_and_old_ids_whole(town: Any, rest: Any, path: str) -> None:
    """One id of fifteen days ago fails the whole call."""
    first, second = _said(town, "a"), _said(town, "b")
    ids = [first["id"], second["id"]]
    assert (await rest("POST", f"{path}/bulk-delete", {"messages": [ids[0]] * 2})).code == 50035
    old = str(int(ids[0]) - (15 * 86_400_000 << 22))
    refused = await rest("POST", f"{path}/bulk-delete", {"messages": [*ids, old]})
    assert (refused.status, refused.code) == (400, 50034)
    assert (await rest("GET", f"{path}/{ids[0]}")).status == 200
    town.sandbox.clock.offset_s += 15 * 86_400
    assert (await rest("POST", f"{path}/bulk-delete", {"messages": ids})).code == 50034


async def test_bulk_deletion_is_audited_and_needs_permission(
    town: Any, rest: Any, plain_rest: Any, path: str
) -> None:
    """One entry of type 73 with the count as a text."""
    ids = [_said(town, "a")["id"], _said(town, "b")["id"]]
    assert (await plain_rest("POST", f"{path}/bulk-delete", {"messages": ids})).code == 50013
    await rest("POST", f"{path}/bulk-delete", {"messages": ids}, headers={"X-Audit-Log-Reason": "raid"})
    entry = town.guild.audit[-1]
    assert (entry["action_type"], entry["options"], entry["reason"]) == (73, {"count": "2"}, "raid")
    assert entry["target_id"] == town.channel_id


async def test_history_pages(town: Any, rest: Any, path: str) -> None:
    """Newest first; before, after and around are exclusive where Discord's are."""
    ids = [_said(town, str(number))["id"] for number in range(10)]

    async def page(query: str) -> list[int]:
        return [ids.index(message["id"]) for message in (await rest("GET", f"{path}?{query}")).json]

    assert await page("limit=3") == [9, 8, 7]
    assert await page(f"before={ids[5]}&limit=2") == [4, 3]
    assert await page(f"after={ids[5]}&limit=2") == [7, 6]
    assert await page(f"around={ids[5]}&limit=3") == [6, 5, 4]
    assert await page(f"around={ids[0]}&limit=3") == [2, 1, 0]
    assert await page(f"around={ids[9]}&limit=4") == [9, 8, 7, 6]
    assert (await rest("GET", f"{path}?limit=101")).code == 50035
    assert (await rest("GET", f"{path}?limit=0")).code == 50035
    assert (await rest("GET", f"{path}?limit=x")).code == 50035


async def test_history_without_permission_is_empty(town: Any, plain_rest: Any, path: str) -> None:
    """Without READ_MESSAGE_HISTORY there is nothing to read."""
    _said(town, "x")
    overwrite = {"id": town.guild_id, "type": 0, "allow": "0", "deny": str(1 << 16)}
    town.guild.channels[town.channel_id]["permission_overwrites"] = [overwrite]
    assert (await plain_rest("GET", path)).json == []


async def test_rest_empties_content_for_applications_without_the_intent(
    town: Any, http: Any, path: str
) -> None:
    """The message content rule holds for REST too."""
    world = town.sandbox.world
    shy = world.add_bot("shy", privileged=0)
    world.join(town.guild, shy.user_id)
    _said(town, "secret")
    _said(town, f"<@{shy.user_id}> known")
    answer = await http(town.sandbox.api_base, shy.token)("GET", path)
    assert [message["content"] for message in answer.json] == [f"<@{shy.user_id}> known", ""]


async def test_pins_by_both_routes(town: Any, rest: Any, path: str, conforms: Any) -> None:
    """The old list and the new page tell the same; PIN_MESSAGES is needed."""
    first, second = _said(town, "a"), _said(town, "b")
    assert (await rest("PUT", f"/channels/{town.channel_id}/pins/{first['id']}")).status == 204
    town.sandbox.clock.offset_s += 1
    assert (await rest("PUT", f"{path}/pins/{second['id']}")).status == 204
    old = (await rest("GET", f"/channels/{town.channel_id}/pins")).json
    new = (await rest("GET", f"{path}/pins?limit=1")).json
    assert [message["id"] for message in old] == [second["id"], first["id"]]
    assert new["has_more"] is True
    assert new["items"][0]["message"]["pinned"] is True
    conforms("PinnedMessagesResponse", new)
    await rest("DELETE", f"{path}/pins/{second['id']}")
    assert len((await rest("GET", f"/channels/{town.channel_id}/pins")).json) == 1
    assert [entry["action_type"] for entry in list(town.guild.audit)[-3:]] == [74, 74, 75]


async def test_closed_direct_messages_are_refused(town: Any, rest: Any, control: Any) -> None:
    """Somebody may not want to be written to."""
    shy = (await control("POST", "/users", {"username": "shy", "dms_closed": True})).json
    dm = (await rest("POST", "/users/@me/channels", {"recipient_id": int(shy["id"])})).json
    answer = await rest("POST", f"/channels/{dm['id']}/messages", {"content": "hello"})
    assert (answer.status, answer.code) == (403, 50007)
    again = (await rest("POST", "/users/@me/channels", {"recipient_id": shy["id"]})).json
    assert again["id"] == dm["id"]


async def test_reactions(town: Any, rest: Any, plain_rest: Any, path: str) -> None:
    """Add, list, take away, clear; twenty different ones; nonsense is no emoji."""
    message = _said(town, "react")
    base = f"{path}/{message['id']}/reactions"
    thumb = "%F0%9F%91%8D"
    assert (await rest("PUT", f"{base}/{thumb}/@me")).status == 204
    assert (await plain_rest("PUT", f"{base}/{thumb}/@me")).status == 204
    users = (await rest("GET", f"{base}/{thumb}")).json
    assert [user["id"] for user in users] == [town.bot.user_id, town.plain.user_id]
    shown = (await rest("GET", f"{path}/{message['id']}")).json["reactions"]
    assert (shown[0]["count"], shown[0]["me"]) == (2, True)
    assert (await plain_rest("DELETE", f"{base}/{thumb}/{town.bot.user_id}")).code == 50013
    assert (await rest("DELETE", f"{base}/{thumb}/{town.plain.user_id}")).status == 204
    assert (await rest("DELETE", f"{base}/{thumb}")).status == 204
    assert (await rest("PUT", f"{base}/nonsense/@me")).code == 10014
    for number in range(20):
        assert (await rest("PUT", f"{base}/custom:{number + 1}/@me")).status == 204
    assert (await rest("PUT", f"{base}/{thumb}/@me")).code == 30010
    assert (await rest("DELETE", base)).status == 204
    assert "reactions" not in (await rest("GET", f"{path}/{message['id']}")).json
