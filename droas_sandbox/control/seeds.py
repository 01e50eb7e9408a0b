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

_PARTS = {"users": list, "bots": list, "guilds": list, "model": dict}


class SeedError(ValueError):
    """The document cannot be used; the text says where."""


def check(document: object) -> Json:
    """Make sure that a document has the outer shape of a world; raises SeedError."""
    if not isinstance(document, dict):
        raise SeedError("the world document must be a JSON object")
    for key, value in document.items():
        if key not in _PARTS:
            raise SeedError(f"the world document has no part {key!r}; there are {', '.join(_PARTS)}")
        if not isinstance(value, _PARTS[key]):
            raise SeedError(f"{key} must be a JSON {'object' if _PARTS[key] is dict else 'array'}")
    return document


def plant(world: World, document: Json) -> None:
    """Add what a document describes; raises SeedError."""
    check(document)
    names: dict[str, str] = {user["username"]: user["id"] for user in world.users.values()}
    where = "users"
    try:
        for index, entry in enumerate(document.get("users", ())):
            where = f"users[{index}]"
            made = world.add_user(_new(entry, names), entry.get("global_name"), user_id=_id(entry))
            names[made["username"]] = made["id"]
        for index, entry in enumerate(document.get("bots", ())):
            where = f"bots[{index}]"
            _plant_bot(world, entry, names)
        for index, entry in enumerate(document.get("guilds", ())):
            where = f"guilds[{index}]"
            _plant_guild(world, entry, names)
    except KeyError as error:
        raise SeedError(f"{where}: {error} is missing, or names somebody who is not there") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise SeedError(f"{where}: {error}") from error


def _plant_bot(world: World, entry: Json, names: dict[str, str]) -> None:
    bot = world.add_bot(
        _new(entry, names),
        token=entry.get("token"),
        user_id=_id(entry),
        global_name=entry.get("global_name"),
    )
    if not entry.get("privileged_intents", True):
        bot.privileged = 0
    names[entry["username"]] = bot.user_id


def _plant_guild(world: World, entry: Json, names: dict[str, str]) -> None:
    guild = world.add_guild(str(entry["name"]), names[entry["owner"]], guild_id=_id(entry))
    for name in entry.get("channels", ["general"]):
        world.add_channel(guild, str(name))
    for username in entry.get("members", ()):
        world.join(guild, names[username])
    for bot in entry.get("bots", ()):
        allowed = permissions.parse(bot["permissions"]) if "permissions" in bot else None
        world.join(guild, names[bot["username"]], allowed=allowed)


def _new(entry: Json, names: dict[str, str]) -> str:
    username = entry["username"]
    if not isinstance(username, str) or not username:
        raise ValueError("a username must be a text")
    if username in names:
        raise ValueError(f"there are two users called {username!r}")
    return username


def _id(entry: Json) -> str | None:
    if "id" not in entry:
        return None
    if not str(entry["id"]).isdecimal():
        raise ValueError(f"{entry['id']!r} is no id")
    return str(entry["id"])
