"""Application commands, global and of one group.

Source: Discord API reference, Application Commands.
"""

import re

from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.world import objects
from droas_sandbox.world.state import Json

_NAME = re.compile(r"^[-_'\w]{1,32}$")


def _list(call: Call) -> Answer:
    return [command for command in call.world.commands.values() if _in_scope(call, command)]


def _create(call: Call) -> Answer:
    existing, command = _put(call, call.form)
    return (200 if existing else 201), command


def _overwrite(call: Call) -> Answer:
    for command_id, command in list(call.world.commands.items()):
        if _in_scope(call, command):
            del call.world.commands[command_id]
    return [_put(call, given)[1] for given in call.body or ()]


def _get(call: Call) -> Answer:
    command = call.world.commands.get(call.path["command_id"])
    if command is None or not _in_scope(call, command):
        raise DiscordError(10063)
    return command


def _edit(call: Call) -> Answer:
    command: Json = _get(call)
    command.update({key: value for key, value in call.form.items() if key in command})
    return command


def _delete(call: Call) -> Answer:
    del call.world.commands[_get(call)["id"]]


def _put(call: Call, given: Json) -> tuple[bool, Json]:
    """Make a command, or change the one of the same name and type."""
    name = str(given.get("name", ""))
    if not _NAME.match(name) or name != name.lower():
        raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    kind = given.get("type", 1)
    for command in call.world.commands.values():
        if _in_scope(call, command) and command["name"] == name and command["type"] == kind:
            made = objects.command(command["id"], _application(call), call.path.get("guild_id"), given)
            command.update(made)
            return True, command
    made = objects.command(call.world.snowflakes.new(), _application(call), call.path.get("guild_id"), given)
    call.world.commands[made["id"]] = made
    return False, made


def _application(call: Call) -> str:
    if call.path["application_id"] != call.me:
        raise DiscordError(50001)
    return call.me


def _in_scope(call: Call, command: Json) -> bool:
    return command["application_id"] == _application(call) and command.get("guild_id") == call.path.get(
        "guild_id"
    )


def _routes(base: str) -> list[Route]:
    one = base + "/{command_id}"
    return [
        Route("GET", base, _list),
        Route("POST", base, _create),
        Route("PUT", base, _overwrite),
        Route("GET", one, _get),
        Route("PATCH", one, _edit),
        Route("DELETE", one, _delete),
    ]


ROUTES = [
    *_routes("/applications/{application_id}/commands"),
    *_routes("/applications/{application_id}/guilds/{guild_id}/commands"),
]
