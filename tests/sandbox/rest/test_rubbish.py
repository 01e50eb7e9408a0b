"""Rubbish at every route: refused or understood, never a crash, and never kept to be told to others."""

import random
from typing import Any

import pytest

from droas_sandbox.rest.call import Route
from droas_sandbox.rest.door import ROUTES
from droas_sandbox.world import talk

ROUNDS = 12

_VALUES: tuple[Any, ...] = (
    None, True, False, -5, 0, 1, 8, 1440, 2**53, 2**70, 1.5, "", "x", "hello", "0", "1", "8", "é" * 40, "x" * 2500,
    "2026-12-01T00:00:00+00:00", "1100000000000000000", [], {}, [None], [[]], ["1"], [1], [{"id": "1"}],
    [{"name": 1}], [{"type": 1}], [{"type": 3, "name": "q", "description": "d"}], {"a": []},
    {"keyword_filter": ["x"]}, {"primary_color": 5}, {"parse": ["users"], "users": ["1"]},
)  # fmt: skip

_FIELDS = (
    "actions", "allow", "allowed_mentions", "archived", "attachments", "auto_archive_duration", "avatar", "channel_id",
    "color", "colors", "communication_disabled_until", "components", "content", "contexts", "data",
    "default_member_permissions", "delete_message_days", "delete_message_seconds", "deny", "description",
    "dm_permission", "embeds", "enabled", "event_type", "exempt_channels", "exempt_roles", "flags", "hoist", "id",
    "integration_types", "invitable", "locked", "mentionable", "message_reference", "messages", "name",
    "name_localizations", "nick", "nonce", "nsfw", "options", "parent_id", "permission_overwrites", "permissions",
    "position", "rate_limit_per_user", "recipient_id", "roles", "topic", "trigger_metadata", "trigger_type", "tts",
    "type", "user_ids", "username",
)  # fmt: skip


class Rubbish:
    """Makes requests between almost right and hopeless.

    Args:
        town: about whose things they are.
        seed: of the dice.
    """

    def __init__(self, town: Any, seed: int) -> None:
        self._town = town
        self._dice = random.Random(seed)

    def path(self, route: Route) -> str:
        """Give a path of a route, mostly with things that are there."""
        return "/".join(
            self._name(part[1:-1]) if part.startswith("{") else part for part in route.path.split("/")
        )

    def body(self) -> Any:
        """Give a body."""
        dice = self._dice
        body = {name: dice.choice(_VALUES) for name in dice.sample(_FIELDS, dice.randrange(1, 14))}
        if dice.random() < 0.6:
            body["name"] = dice.choice(["abc", "ok name"])
        if dice.random() < 0.5:
            body["content"] = "hi"
        return dice.choice([body, body, body, body, [body], 5, None])

    def query(self) -> dict[str, str]:
        """Give a query."""
        texts = ["", "x", "-1", "5"]
        query = {name: self._dice.choice(texts) for name in ("limit", "before", "after", "around")}
        return self._dice.choice([query, {}, {"wait": "true"}])

    def _name(self, name: str) -> str:
        town, dice = self._town, self._dice
        world, guild = town.sandbox.world, town.guild
        hook = dice.choice(list(world.webhooks.values()) or [{"id": "1", "token": "x"}])
        there = {
            "guild_id": [guild.id],
            "channel_id": list(guild.channels),
            "message_id": list(world.messages.get(town.channel_id, {})),
            "user_id": [town.alice_id, town.mallory_id, "@me"],
            "overwrite_id": [town.alice_id],
            "role_id": list(guild.roles),
            "rule_id": list(guild.automod),
            "command_id": list(world.commands),
            "application_id": [town.bot.user_id],
            "webhook_id": [hook["id"]],
            "token": [hook["token"]],
            "emoji": ["%F0%9F%91%8D"],
            "kind": ["public", "private"],
        }.get(name) or ["1"]
        return str(dice.choice([*there, *there, *there, "1", "x", "@me"]))


@pytest.mark.parametrize("seed", range(4))
async def test_rubbish_is_refused_or_understood(town: Any, rest: Any, seed: int) -> None:
    """No request is a 500, and what is kept of it still looks as Discord describes it."""
    rubbish, world = Rubbish(town, seed), town.sandbox.world
    gentle = [route for route in ROUTES if route.method != "DELETE"]
    for _ in range(ROUNDS):
        await rest("POST", f"/channels/{town.channel_id}/webhooks", {"name": "hook"})
        talk.say(world, town.channel_id, world.users[town.bot.user_id], {"content": "mine"})
        for route in gentle:
            # The client holds every answer against Discord's description, where that lies on this machine.
            answer = await rest(route.method, rubbish.path(route), rubbish.body(), params=rubbish.query())
            assert answer.status < 500, (route, answer.text)
            assert answer.headers["Via"] == "1.1 google"
    for route in set(ROUTES) - set(gentle):
        assert (await rest(route.method, rubbish.path(route), rubbish.body())).status < 500
