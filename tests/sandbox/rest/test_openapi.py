"""Answers beside Discord's own description of them."""

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("described")


async def test_users_and_applications(town: Any, rest: Any, conforms: Any) -> None:
    """The bot itself, somebody else, the application."""
    conforms("UserPIIResponse", (await rest("GET", "/users/@me")).json)
    conforms("UserResponse", (await rest("GET", f"/users/{town.alice_id}")).json)
    conforms("MyGuildResponse", (await rest("GET", "/users/@me/guilds")).json[0])
    conforms("GatewayBotResponse", (await rest("GET", "/gateway/bot")).json)
    conforms("PrivateApplicationResponse", (await rest("GET", "/applications/@me")).json)
    dm = await rest("POST", "/users/@me/channels", {"recipient_id": town.alice_id})
    conforms("PrivateChannelResponse", dm.json)


async def test_groups_and_what_is_in_them(town: Any, rest: Any, conforms: Any) -> None:
    """Guild, channel, role, member."""
    guild = f"/guilds/{town.guild_id}"
    conforms("GuildResponse", (await rest("GET", guild)).json)
    conforms("GuildWithCountsResponse", (await rest("GET", f"{guild}?with_counts=true")).json)
    conforms("GuildChannelResponse", (await rest("GET", f"/channels/{town.channel_id}")).json)
    for role in (await rest("GET", f"{guild}/roles")).json:
        conforms("GuildRoleResponse", role)
    conforms("GuildMemberResponse", (await rest("GET", f"{guild}/members/{town.alice_id}")).json)
    await rest("PUT", f"{guild}/bans/{town.mallory_id}", {}, headers={"X-Audit-Log-Reason": "x"})
    conforms("GuildBanResponse", (await rest("GET", f"{guild}/bans")).json[0])


@pytest.mark.parametrize(
    "body",
    [
        {"content": "hello"},
        {"content": "hello", "nonce": "5", "enforce_nonce": True, "tts": True, "flags": 4},
        {"embeds": [{"title": "t", "description": "d", "fields": [{"name": "n", "value": "v"}]}]},
        {"content": "<@{alice}> @everyone", "allowed_mentions": {"parse": ["users"]}},
        {"content": "x", "attachments": [{"id": "0", "filename": "a.png"}]},
    ],
)
async def test_messages(town: Any, rest: Any, body: Any, conforms: Any) -> None:
    """Plain, with a nonce, with embeds, with mentions, with files; and the same read and edited."""
    if "content" in body:
        body = {**body, "content": body["content"].format(alice=town.alice_id)}
    path = f"/channels/{town.channel_id}/messages"
    made = (await rest("POST", path, body)).json
    conforms("MessageResponse", made)
    await rest("PUT", f"{path}/{made['id']}/reactions/%F0%9F%91%8D/@me")
    conforms("MessageResponse", (await rest("GET", f"{path}/{made['id']}")).json)
    conforms("MessageResponse", (await rest("PATCH", f"{path}/{made['id']}", {"content": "edited"})).json)
    reply = {"content": "yes", "message_reference": {"message_id": made["id"]}}
    conforms("MessageResponse", (await rest("POST", path, reply)).json)


async def test_errors_and_limits(town: Any, rest: Any, control: Any, conforms: Any) -> None:
    """An error body, and a 429."""
    conforms("ErrorResponse", (await rest("GET", "/channels/1")).json)
    await control("POST", "/faults", {"kind": "rate_limit"})
    conforms("RatelimitedResponse", (await rest("GET", "/channels/1")).json)
