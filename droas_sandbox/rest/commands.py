"""Application commands, global and of one group.

Source: Discord API reference, Application Commands.
"""

import re
from collections import deque
from typing import Any

from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.rest.fields import NOTHING, choice, chosen
from droas_sandbox.world import objects
from droas_sandbox.world.contents import too_long
from droas_sandbox.world.state import Json

CHAT_INPUT = 1
MAX_COMMANDS = {CHAT_INPUT: 100, 2: 15, 3: 15}
"""Commands of each type in one scope: chat input, user, message."""

MAX_OPTIONS = 25
MAX_CREATED = 200
"""Commands that an application may make in one scope within a day."""

_DAY_S = 86_400.0
_OPTION_TYPES = range(1, 12)
_FIELDS: dict[str, tuple[type, ...]] = {
    "name_localizations": (dict, NOTHING),
    "description_localizations": (dict, NOTHING),
    "default_member_permissions": (str, int, NOTHING),
    "dm_permission": (bool, NOTHING),
    "contexts": (list, NOTHING),
    "integration_types": (list, NOTHING),
    "nsfw": (bool, NOTHING),
    "options": (list, NOTHING),
}
MAX_DESCRIPTION = 100
MAX_CHARACTERS = 8000
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_MENU_NAME = re.compile(r"^.{1,32}$")


def _list(call: Call) -> Answer:
    _application(call)
    return [command for command in call.world.commands.values() if _in_scope(call, command)]


def _create(call: Call) -> Answer:
    existing, command = _put(call, call.form)
    return (200 if existing else 201), command


def _overwrite(call: Call) -> Answer:
    given = call.body if isinstance(call.body, list) else []
    kept = [_put(call, one)[1] for one in given]
    for command_id, command in list(call.world.commands.items()):
        if _in_scope(call, command) and command not in kept:
            del call.world.commands[command_id]
    return kept


def _get(call: Call) -> Answer:
    command = call.world.commands.get(call.path["command_id"])
    if command is None or not _in_scope(call, command):
        raise DiscordError(10063)
    return command


def _edit(call: Call) -> Answer:
    command: Json = _get(call)
    _check({**command, **call.form, "type": command["type"]})
    command.update({key: value for key, value in call.form.items() if key in command})
    return command


def _delete(call: Call) -> Answer:
    del call.world.commands[_get(call)["id"]]


def _put(call: Call, given: Json) -> tuple[bool, Json]:
    """Make a command, or change the one of the same name and type."""
    application_id, guild_id, kind = (
        _application(call),
        call.path.get("guild_id"),
        choice(given, "type", MAX_COMMANDS, CHAT_INPUT),
    )
    _check(given)
    same_kind = [one for one in call.world.commands.values() if _in_scope(call, one) and one["type"] == kind]
    for command in same_kind:
        if command["name"] == given["name"]:
            command.update(objects.command(command["id"], application_id, guild_id, given))
            return True, command
    if len(same_kind) >= MAX_COMMANDS.get(kind, 0):
        raise DiscordError(30032)
    _count_creation(call, application_id, guild_id)
    made = objects.command(call.world.snowflakes.new(), application_id, guild_id, given)
    call.world.commands[made["id"]] = made
    return False, made


def _count_creation(call: Call, application_id: str, guild_id: str | None) -> None:
    """Count a new command; raises 30034 when there were too many within a day, deleted ones too."""
    now = call.world.clock.now()
    made = call.world.commands_made.setdefault((application_id, guild_id), deque(maxlen=MAX_CREATED))
    if len(made) == MAX_CREATED and now - made[0] < _DAY_S:
        raise DiscordError(30034)
    made.append(now)


def _check(given: Json) -> None:
    """Check name, description and options; raises 50035."""
    name, description = given.get("name"), given.get("description") or ""
    chat = (given.get("type") or CHAT_INPUT) == CHAT_INPUT
    pattern = _NAME if chat else _MENU_NAME
    if not isinstance(name, str) or not pattern.match(name) or (chat and name != name.lower()):
        raise invalid("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not isinstance(description, str) or (chat and not 1 <= len(description) <= MAX_DESCRIPTION):
        raise invalid("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    chosen(given, _FIELDS)
    _check_options(given.get("options") or [], "options")
    if _characters(given) > MAX_CHARACTERS:
        raise invalid("_errors", "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")


def _check_options(options: Any, place: str) -> None:
    """Check the options of a command, and theirs; raises 50035."""
    if not isinstance(options, list):
        raise invalid(place, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(options) > MAX_OPTIONS:
        raise too_long(place, MAX_OPTIONS)
    for index, option in enumerate(options):
        here = f"{place}.{index}"
        name, description = (option.get(key) for key in ("name", "description"))
        if type(option.get("type")) is not int or option["type"] not in _OPTION_TYPES:
            raise invalid(f"{here}.type", "BASE_TYPE_CHOICES", "Value must be one of 1 to 11.")
        if not isinstance(name, str) or not _NAME.match(name) or name != name.lower():
            raise invalid(f"{here}.name", "APPLICATION_COMMAND_INVALID_NAME", "Option name is invalid")
        if not isinstance(description, str) or not 1 <= len(description) <= MAX_DESCRIPTION:
            raise invalid(
                f"{here}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
            )
        _check_options(option.get("options") or [], f"{here}.options")


def _characters(given: Json) -> int:
    """Count the characters of a command's names, descriptions and choices, down to the last option."""
    own = sum(len(str(given.get(key) or "")) for key in ("name", "description", "value"))
    inner = [*(given.get("options") or ()), *(given.get("choices") or ())]
    return own + sum(_characters(one) for one in inner)


def _application(call: Call) -> str:
    """Give the application of the path, which must be the bot's own; raises 50001."""
    application_id = call.path["application_id"]
    if application_id != call.me:
        raise DiscordError(50001)
    return application_id


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
