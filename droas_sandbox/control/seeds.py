"""A world from a document: people, bots, groups, and the model's script.

::

    {"users": [{"username": "alice"}],
     "bots": [{"username": "helper", "token": "…"}],
     "guilds": [{"name": "Harbour", "owner": "alice", "channels": ["general"], "members": ["alice"],
                 "bots": [{"username": "helper", "permissions": ["send_messages"]}]}],
     "model": {"rules": []}}
"""

from droas_sandbox import permissions
from droas_sandbox.world.state import Json
from droas_sandbox.world.world import World


class SeedError(ValueError):
    """The document cannot be used; the text says where."""


def plant(world: World, document: Json) -> None:
    """Add what a document describes; raises SeedError."""
    names: dict[str, str] = {user["username"]: user["id"] for user in world.users.values()}
    try:
        for entry in document.get("users", ()):
            made = world.add_user(entry["username"], entry.get("global_name"), user_id=_id(entry))
            names[entry["username"]] = made["id"]
        for entry in document.get("bots", ()):
            bot = world.add_bot(entry["username"], token=entry.get("token"), user_id=_id(entry))
            names[entry["username"]] = bot.user_id
        for entry in document.get("guilds", ()):
            _plant_guild(world, entry, names)
    except KeyError as error:
        raise SeedError(f"the world document lacks {error} or names somebody who is not there") from error
    except (TypeError, AttributeError) as error:
        raise SeedError(f"the world document has another shape than expected: {error}") from error


def _plant_guild(world: World, entry: Json, names: dict[str, str]) -> None:
    guild = world.add_guild(entry["name"], names[entry["owner"]], guild_id=_id(entry))
    for name in entry.get("channels", ["general"]):
        world.add_channel(guild, name)
    for username in entry.get("members", ()):
        world.join(guild, names[username])
    for bot in entry.get("bots", ()):
        allowed = permissions.parse(bot["permissions"]) if "permissions" in bot else None
        world.join(guild, names[bot["username"]], allowed=allowed)


def _id(entry: Json) -> str | None:
    return str(entry["id"]) if "id" in entry else None
