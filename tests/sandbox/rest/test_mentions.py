"""The truth table of `allowed_mentions`, over REST."""

from typing import Any

import pytest

from droas_sandbox.world import talk

_TEXT = "<@{alice}> <@&{role}> @everyone"


@pytest.mark.parametrize(
    ("allowed", "users", "roles", "everyone"),
    [
        (None, True, True, True),
        ({}, False, False, False),
        ({"parse": []}, False, False, False),
        ({"parse": ["users"]}, True, False, False),
        ({"parse": ["roles"]}, False, True, False),
        ({"parse": ["everyone"]}, False, False, True),
        ({"parse": ["users", "roles", "everyone"]}, True, True, True),
        ({"users": ["{alice}"]}, True, False, False),
        ({"users": ["{mallory}"]}, False, False, False),
        ({"roles": ["{role}"]}, False, True, False),
        ({"parse": ["everyone"], "users": ["{alice}"], "roles": ["{role}"]}, True, True, True),
        ({"parse": ["users"], "users": []}, True, False, False),
    ],
)
async def test_only_what_is_allowed_and_present_pings(
    town: Any, rest: Any, allowed: Any, *, users: bool, roles: bool, everyone: bool
) -> None:
    """Parse, explicit lists, nothing at all: the answer shows the effect."""
    role = town.sandbox.world.add_role(town.guild, "crew", 0)
    role["mentionable"] = True
    town.guild.roles[town.guild_id]["permissions"] = str(
        int(town.guild.roles[town.guild_id]["permissions"]) | 1 << 17
    )
    names = {"alice": town.alice_id, "mallory": town.mallory_id, "role": role["id"]}
    body: dict[str, Any] = {"content": _TEXT.format(**names)}
    if allowed is not None:
        body["allowed_mentions"] = {
            key: [entry.format(**names) for entry in entries] for key, entries in allowed.items()
        }
    answer = (await rest("POST", f"/channels/{town.channel_id}/messages", body)).json
    assert [user["id"] for user in answer["mentions"]] == ([town.alice_id] if users else [])
    assert answer["mention_roles"] == ([role["id"]] if roles else [])
    assert answer["mention_everyone"] is everyone


async def test_role_and_everyone_pings_need_permission(town: Any, rest: Any) -> None:
    """Without MENTION_EVERYONE only mentionable roles ping, and @everyone never."""
    world = town.sandbox.world
    quiet, loud = world.add_role(town.guild, "quiet", 0), world.add_role(town.guild, "loud", 0)
    loud["mentionable"] = True
    body = {"content": f"<@&{quiet['id']}> <@&{loud['id']}> @here"}
    answer = (await rest("POST", f"/channels/{town.channel_id}/messages", body)).json
    assert answer["mention_roles"] == [loud["id"]]
    assert answer["mention_everyone"] is False


@pytest.mark.parametrize(
    "allowed",
    [
        {"parse": ["users"], "users": ["1"]},
        {"parse": ["roles"], "roles": ["1"]},
        {"users": [str(number) for number in range(101)]},
    ],
)
async def test_contradictions_are_refused(town: Any, rest: Any, allowed: Any) -> None:
    """`parse` and a list of the same kind, or a list that is too long."""
    body = {"content": "x", "allowed_mentions": allowed}
    answer = await rest("POST", f"/channels/{town.channel_id}/messages", body)
    assert (answer.status, answer.code) == (400, 50035)


@pytest.mark.parametrize(("allowed", "pings"), [(None, True), ({}, False), ({"replied_user": True}, True)])
async def test_the_author_replied_to(town: Any, rest: Any, allowed: Any, *, pings: bool) -> None:
    """`replied_user` is false as soon as `allowed_mentions` is there."""
    world = town.sandbox.world
    target = talk.say(world, town.channel_id, world.users[town.alice_id], {"content": "?"}).data
    body: dict[str, Any] = {"content": "!", "message_reference": {"message_id": target["id"]}}
    if allowed is not None:
        body["allowed_mentions"] = allowed
    answer = (await rest("POST", f"/channels/{town.channel_id}/messages", body)).json
    assert bool(answer["mentions"]) is pings


async def test_an_edit_counts_mentions_again(town: Any, rest: Any) -> None:
    """Without `allowed_mentions` the defaults apply again."""
    path = f"/channels/{town.channel_id}/messages"
    body = {"content": "hi", "allowed_mentions": {"parse": []}}
    message = (await rest("POST", path, body)).json
    edited = (await rest("PATCH", f"{path}/{message['id']}", {"content": f"<@{town.alice_id}>"})).json
    assert [user["id"] for user in edited["mentions"]] == [town.alice_id]


async def test_webhooks_ping_users_only_by_default(town: Any, rest: Any, anonymous: Any) -> None:
    """Roles and everyone stay silent unless they are asked for."""
    hook = (await rest("POST", f"/channels/{town.channel_id}/webhooks", {"name": "alerts"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}?wait=true"
    body: dict[str, Any] = {"content": f"<@{town.alice_id}> @everyone"}
    plain = (await anonymous("POST", path, body)).json
    asked = (await anonymous("POST", path, {**body, "allowed_mentions": {"parse": ["everyone"]}})).json
    assert (len(plain["mentions"]), plain["mention_everyone"]) == (1, False)
    assert (len(asked["mentions"]), asked["mention_everyone"]) == (0, True)
