"""Members, roles, bans: who may do what to whom, and the audit log of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from droas_sandbox import permissions
from droas_sandbox.world import talk

_REASON = {"X-Audit-Log-Reason": quote("flood \N{SNOWMAN} 100%")}


def _until(town: Any, **ahead: float) -> str:
    moment = datetime.fromtimestamp(town.sandbox.clock.now(), UTC) + timedelta(**ahead)
    return moment.isoformat()


async def test_a_timeout_of_28_days_passes_and_more_does_not(town: Any, rest: Any, conforms: Any) -> None:
    """The limit is a moment at most 28 days ahead; null ends the time-out."""
    path = f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    good = await rest("PATCH", path, {"communication_disabled_until": _until(town, days=28)}, headers=_REASON)
    conforms("GuildMemberResponse", good.json)
    assert good.status == 200
    assert town.sandbox.world.timed_out(town.guild, town.mallory_id)
    for wrong in (_until(town, days=28, minutes=1), "soon", 5):
        bad = await rest("PATCH", path, {"communication_disabled_until": wrong})
        assert (bad.status, bad.code) == (400, 50035)
    await rest("PATCH", path, {"communication_disabled_until": None})
    assert not town.sandbox.world.timed_out(town.guild, town.mallory_id)


async def test_a_timed_out_person_only_looks(town: Any, rest: Any, control: Any) -> None:
    """He keeps VIEW_CHANNEL and READ_MESSAGE_HISTORY until the time-out ends."""
    path = f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    await rest("PATCH", path, {"communication_disabled_until": _until(town, minutes=5)})
    speech = {"author_id": town.mallory_id, "content": "spam"}
    refused = await control("POST", f"/channels/{town.channel_id}/messages", speech)
    assert (refused.status, refused.code) == (403, 50013)
    forced = await control("POST", f"/channels/{town.channel_id}/messages?force=1", speech)
    assert forced.status == 200
    town.sandbox.clock.offset_s += 301
    assert (await control("POST", f"/channels/{town.channel_id}/messages", speech)).status == 200


async def test_leaving_does_not_end_a_timeout(town: Any, rest: Any, control: Any) -> None:
    """Who comes back is still silenced."""
    path = f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    await rest("PATCH", path, {"communication_disabled_until": _until(town, minutes=5)})
    await control("DELETE", path)
    assert (await control("PUT", path)).json["communication_disabled_until"] is not None


async def test_owners_and_administrators_cannot_be_timed_out(town: Any, rest: Any) -> None:
    """403 with 50013, also for a role above the actor's."""
    world = town.sandbox.world
    admin = world.add_role(town.guild, "admin", permissions.ADMINISTRATOR, position=1)
    town.guild.members[town.alice_id]["roles"] = [admin["id"]]
    body = {"communication_disabled_until": _until(town, minutes=1)}
    for user_id in (town.owner_id, town.alice_id):
        answer = await rest("PATCH", f"/guilds/{town.guild_id}/members/{user_id}", body)
        assert (answer.status, answer.code) == (403, 50013)


async def test_hierarchy_guards_members_with_higher_roles(town: Any, rest: Any) -> None:
    """Kick, ban, nick and roles work only on those strictly below."""
    high = town.sandbox.world.add_role(town.guild, "high", 0, position=50)
    town.guild.members[town.alice_id]["roles"] = [high["id"]]
    member = f"/guilds/{town.guild_id}/members/{town.alice_id}"
    for method, path, body in (
        ("DELETE", member, None),
        ("PUT", f"/guilds/{town.guild_id}/bans/{town.alice_id}", {}),
        ("PATCH", member, {"nick": "x"}),
        ("PUT", f"/guilds/{town.guild_id}/members/{town.mallory_id}/roles/{high['id']}", None),
    ):
        answer = await rest(method, path, body)
        assert (answer.status, answer.code) == (403, 50013), path


async def test_every_moderation_call_needs_its_permission(town: Any, plain_rest: Any) -> None:
    """The powerless bot is refused everywhere with 50013."""
    guild, member = f"/guilds/{town.guild_id}", f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    for method, path, body in (
        ("PATCH", member, {"nick": "x"}),
        ("PATCH", member, {"communication_disabled_until": None}),
        ("PATCH", member, {"roles": []}),
        ("DELETE", member, None),
        ("PUT", f"{guild}/bans/{town.mallory_id}", {}),
        ("DELETE", f"{guild}/bans/{town.mallory_id}", None),
        ("GET", f"{guild}/bans", None),
        ("POST", f"{guild}/bulk-ban", {"user_ids": [town.mallory_id]}),
        ("POST", f"{guild}/roles", {"name": "x"}),
        ("GET", f"{guild}/audit-logs", None),
        ("POST", f"{guild}/channels", {"name": "x"}),
        ("POST", f"/channels/{town.channel_id}/webhooks", {"name": "x"}),
    ):
        answer = await plain_rest(method, path, body)
        assert (answer.status, answer.code) == (403, 50013), path


async def test_each_call_leaves_its_audit_entry_with_the_decoded_reason(
    town: Any, rest: Any, conforms: Any
) -> None:
    """Percent-encoded UTF-8 is decoded; the log is newest first and fits Discord's description."""
    guild, member = f"/guilds/{town.guild_id}", f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    role = (await rest("POST", f"/guilds/{town.guild_id}/roles", {"name": "crew"})).json
    calls = [
        ("PATCH", member, {"nick": "m"}, 24),
        ("PATCH", member, {"communication_disabled_until": _until(town, minutes=1)}, 24),
        ("PUT", f"{member}/roles/{role['id']}", None, 25),
        ("DELETE", f"{member}/roles/{role['id']}", None, 25),
        ("DELETE", member, None, 20),
        ("PUT", f"{guild}/bans/{town.mallory_id}", {}, 22),
        ("DELETE", f"{guild}/bans/{town.mallory_id}", None, 23),
    ]
    for method, path, body, _ in calls:
        answer = await rest(method, path, body, headers=_REASON)
        assert answer.status in (200, 204), (path, answer.text)
    log = (await rest("GET", f"{guild}/audit-logs?limit=7")).json
    conforms("GuildAuditLogResponse", log)
    entries = log["audit_log_entries"]
    assert [entry["action_type"] for entry in entries] == [call[3] for call in reversed(calls)]
    assert {entry["reason"] for entry in entries} == {"flood \N{SNOWMAN} 100%"}
    assert {entry["user_id"] for entry in entries} == {town.bot.user_id}
    bans = (await rest("GET", f"{guild}/audit-logs?action_type=22")).json["audit_log_entries"]
    assert [entry["target_id"] for entry in bans] == [town.mallory_id]
    ascending = (await rest("GET", f"{guild}/audit-logs?after=0&limit=2")).json["audit_log_entries"]
    assert int(ascending[0]["id"]) < int(ascending[1]["id"])


async def test_a_reason_of_more_than_512_characters_is_refused(town: Any, rest: Any) -> None:
    """1 to 512 characters."""
    path = f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    answer = await rest("PATCH", path, {"nick": "x"}, headers={"X-Audit-Log-Reason": "r" * 513})
    assert (answer.status, answer.code) == (400, 50035)


@pytest.mark.parametrize("place", ["query", "body"])
async def test_a_ban_takes_recent_messages_along(town: Any, rest: Any, place: str) -> None:
    """The seconds may stand in the body or in the query; older messages stay."""
    world = town.sandbox.world
    author = world.users[town.mallory_id]
    old = talk.say(world, town.channel_id, author, {"content": "old"})
    town.sandbox.clock.offset_s += 3600
    new = talk.say(world, town.channel_id, author, {"content": "new"})
    path, body = f"/guilds/{town.guild_id}/bans/{town.mallory_id}", {"delete_message_seconds": 60}
    if place == "query":
        answer = await rest("PUT", path, params={"delete_message_seconds": 60}, headers=_REASON)
    else:
        answer = await rest("PUT", path, body, headers=_REASON)
    assert answer.status == 204
    assert (old.deleted, new.deleted) == (False, True)
    assert town.mallory_id not in town.guild.members
    ban = (await rest("GET", path)).json
    assert (ban["user"]["id"], ban["reason"]) == (town.mallory_id, "flood \N{SNOWMAN} 100%")
    assert (await rest("DELETE", path)).status == 204
    assert (await rest("DELETE", path)).code == 10026


async def test_a_ban_deletes_at_most_a_week(town: Any, rest: Any) -> None:
    """604800 seconds, and not one more."""
    path = f"/guilds/{town.guild_id}/bans/{town.mallory_id}"
    assert (await rest("PUT", path, {"delete_message_seconds": 604_801})).code == 50035
    assert (await rest("PUT", path, {"delete_message_seconds": 604_800})).status == 204


async def test_bulk_bans(town: Any, rest: Any, conforms: Any) -> None:
    """Who could not be banned is named; when nobody could, it fails."""
    path = f"/guilds/{town.guild_id}/bulk-ban"
    answer = await rest("POST", path, {"user_ids": [int(town.mallory_id), int(town.owner_id), 5]})
    conforms("BulkBanUsersResponse", answer.json)
    assert answer.json == {"banned_users": [town.mallory_id], "failed_users": [town.owner_id, "5"]}
    none = await rest("POST", path, {"user_ids": [town.owner_id]})
    assert (none.status, none.code) == (400, 500000)
    assert (await rest("POST", path, {"user_ids": []})).code == 50035
    assert len((await rest("GET", f"/guilds/{town.guild_id}/bans")).json) == 1


async def test_banned_people_cannot_come_back(town: Any, rest: Any, control: Any) -> None:
    """A join is refused with 40007 until the ban is lifted."""
    await rest("PUT", f"/guilds/{town.guild_id}/bans/{town.mallory_id}", {})
    path = f"/guilds/{town.guild_id}/members/{town.mallory_id}"
    refused = await control("PUT", path, {})
    assert (refused.status, refused.code) == (403, 40007)
    await rest("DELETE", f"/guilds/{town.guild_id}/bans/{town.mallory_id}")
    assert (await control("PUT", path, {"nick": "sorry"})).json["nick"] == "sorry"


async def test_roles_come_and_go(town: Any, rest: Any, conforms: Any) -> None:
    """Made, changed, given, deleted; deleting takes it from everybody."""
    path = f"/guilds/{town.guild_id}/roles"
    role = (await rest("POST", path, {"name": "crew", "permissions": "0", "mentionable": True})).json
    conforms("GuildRoleResponse", role)
    assert role["mentionable"] is True
    own_role = town.guild.members[town.bot.user_id]["roles"][0]
    assert town.guild.roles[own_role]["position"] > role["position"]
    changed = (await rest("PATCH", f"{path}/{role['id']}", {"name": "crew 2"})).json
    assert changed["name"] == "crew 2"
    assert (
        await rest("PUT", f"/guilds/{town.guild_id}/members/{town.alice_id}/roles/{role['id']}")
    ).status == 204
    assert town.guild.members[town.alice_id]["roles"] == [role["id"]]
    assert (await rest("DELETE", f"{path}/{role['id']}")).status == 204
    assert town.guild.members[town.alice_id]["roles"] == []
    assert {role["id"] for role in (await rest("GET", path)).json} == {town.guild_id, own_role}


async def test_nobody_gives_what_he_has_not(town: Any, rest: Any) -> None:
    """Permissions beyond one's own, roles at or above one's own, and managed roles are out of reach."""
    path = f"/guilds/{town.guild_id}/roles"
    own_role = town.guild.members[town.bot.user_id]["roles"][0]
    greedy = await rest("POST", path, {"name": "x", "permissions": str(permissions.ADMINISTRATOR)})
    assert greedy.code == 50013
    assert (await rest("PATCH", f"{path}/{own_role}", {"name": "x"})).code == 50013
    assert (await rest("DELETE", f"{path}/{own_role}")).code == 50013


async def test_members_can_be_listed_searched_and_read(
    town: Any, rest: Any, http: Any, conforms: Any
) -> None:
    """Listing needs the members intent of the application."""
    path = f"/guilds/{town.guild_id}/members"
    assert len((await rest("GET", path)).json) == 1
    everybody = (await rest("GET", f"{path}?limit=1000")).json
    conforms("GuildMemberResponse", everybody[0])
    assert len(everybody) == 5
    after = (await rest("GET", f"{path}?limit=1000&after={town.alice_id}")).json
    assert town.alice_id not in [member["user"]["id"] for member in after]
    found = (await rest("GET", f"{path}/search?query=MAL&limit=5")).json
    assert [member["user"]["username"] for member in found] == ["mallory"]
    shy = town.sandbox.world.add_bot("shy", privileged=0)
    town.sandbox.world.join(town.guild, shy.user_id)
    refused = await http(town.sandbox.api_base, shy.token)("GET", path)
    assert (refused.status, refused.code) == (403, 50001)


async def test_everybody_may_change_his_own_name(town: Any, plain_rest: Any) -> None:
    """CHANGE_NICKNAME serves for oneself, up to 32 characters."""
    path = f"/guilds/{town.guild_id}/members/@me"
    assert (await plain_rest("PATCH", path, {"nick": "chatty"})).json["nick"] == "chatty"
    assert (await plain_rest("PATCH", f"{path}/nick", {"nick": "c" * 33})).code == 50035
