"""Op 8: members of a group, asked for by name or id, or all of them. Pure.

Source: Discord API reference, Gateway Events: Request Guild Members.
"""

import json

from droas_sandbox.gateway.closes import GatewayClose
from droas_sandbox.world.state import Guild, Json
from droas_sandbox.world.world import World

CHUNK = 1_000
"""Members in one chunk."""

FOUND = 100
"""Members that a search by name or ids can find."""

COOLDOWN_S = 30.0
"""Pause between two requests for all members of one group."""


def asks_for_all(request: Json) -> bool:
    """Say whether a request wants every member; only those have to pause."""
    return request.get("query") == "" and not request.get("limit")


def refusal(request: Json, wait_s: float) -> str:
    """Give the RATE_LIMITED payload of a request that came too early."""
    meta = {"guild_id": str(request.get("guild_id"))}
    if request.get("nonce") is not None:
        meta["nonce"] = request["nonce"]
    return json.dumps({"opcode": 8, "retry_after": round(wait_s, 3), "meta": meta})


def chunks(world: World, guild: Guild, request: Json) -> list[Json]:
    """Give the chunks that answer a request; raises GatewayClose 4001 for one that cannot be read."""
    ids = _ids(request.get("user_ids"))
    query = str(request.get("query") or "").lower()
    limit = request.get("limit") or 0
    if not isinstance(limit, int) or limit < 0:
        raise GatewayClose(4001, "Invalid payload.")
    if ids:
        found = [user_id for user_id in ids if user_id in guild.members]
    else:
        found = [user_id for user_id in guild.members if _named(world, guild, user_id, query)]
    if ids or query or limit:
        found = found[: min(limit or FOUND, FOUND)]
    parts = [found[start : start + CHUNK] for start in range(0, len(found), CHUNK)] or [[]]
    extras: Json = {}
    if ids:
        extras["not_found"] = [user_id for user_id in ids if user_id not in guild.members]
    if request.get("presences"):
        extras["presences"] = []
    if request.get("nonce") is not None and len(str(request["nonce"]).encode()) <= 32:
        extras["nonce"] = request["nonce"]
    return [
        {
            "guild_id": guild.id,
            "members": [world.member(guild, user_id) for user_id in part],
            "chunk_index": index,
            "chunk_count": len(parts),
            **extras,
        }
        for index, part in enumerate(parts)
    ]


def _ids(given: object) -> list[str]:
    listed = given if isinstance(given, list) else [] if given is None else [given]
    if len(listed) > FOUND or not all(isinstance(one, str | int) for one in listed):
        raise GatewayClose(4001, "Invalid payload.")
    return [str(one) for one in listed]


def _named(world: World, guild: Guild, user_id: str, query: str) -> bool:
    nick = guild.members[user_id]["nick"] or ""
    return world.users[user_id]["username"].lower().startswith(query) or (
        bool(query) and nick.lower().startswith(query)
    )
