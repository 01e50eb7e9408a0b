"""Auto moderation rules: made, changed, deleted.

Source: Discord API reference, Auto Moderation.
"""

import re
from typing import Any

from droas_sandbox import permissions
from droas_sandbox.errors import DiscordError, invalid
from droas_sandbox.rest.call import Answer, Call, Route
from droas_sandbox.rest.fields import choice, chosen
from droas_sandbox.world.audit import write_audit
from droas_sandbox.world.contents import too_long
from droas_sandbox.world.state import Event, Guild, Json

MAX_OF_TRIGGER = {1: 6, 3: 1, 4: 1, 5: 1, 6: 1}
MAX_TIME_OUT_S = 2_419_200
_EDITABLE = {
    "name": (str,),
    "event_type": (int,),
    "trigger_metadata": (dict,),
    "actions": (list,),
    "enabled": (bool,),
    "exempt_roles": (list,),
    "exempt_channels": (list,),
}
_LISTS = {
    "keyword_filter": (1000, 60),
    "regex_patterns": (10, 260),
    "allow_list": (1000, 60),
}
"""Most entries and most characters of one."""

_METADATA = {
    **dict.fromkeys(_LISTS, (list,)),
    "presets": (list,),
    "mention_total_limit": (int,),
    "mention_raid_protection_enabled": (bool,),
}


def _list(call: Call) -> Answer:
    return list(call.guild_for(permissions.MANAGE_GUILD).automod.values())


def _get(call: Call) -> Answer:
    return _rule(call, call.guild_for(permissions.MANAGE_GUILD))


def _create(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_GUILD)
    trigger = choice(call.form, "trigger_type", MAX_OF_TRIGGER)
    if sum(rule["trigger_type"] == trigger for rule in guild.automod.values()) >= MAX_OF_TRIGGER[trigger]:
        raise invalid("trigger_type", "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED", "Too many of this type.")
    rule: Json = {
        "id": call.world.snowflakes.new(),
        "guild_id": guild.id,
        "name": call.text("name", 1, 100),
        "creator_id": call.me,
        "event_type": 1,
        "trigger_type": trigger,
        "trigger_metadata": {},
        "actions": [],
        "enabled": False,
        "exempt_roles": [],
        "exempt_channels": [],
    }
    _change(call, guild, rule)
    guild.automod[rule["id"]] = rule
    _tell(call, guild, "CREATE", 140, rule)
    return rule


def _edit(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_GUILD)
    rule = _rule(call, guild)
    _change(call, guild, rule)
    _tell(call, guild, "UPDATE", 141, rule)
    return rule


def _delete(call: Call) -> Answer:
    guild = call.guild_for(permissions.MANAGE_GUILD)
    rule = guild.automod.pop(_rule(call, guild)["id"])
    _tell(call, guild, "DELETE", 142, rule)


def _rule(call: Call, guild: Guild) -> Json:
    rule = guild.automod.get(call.path["rule_id"])
    if rule is None:
        raise DiscordError(10066)
    return rule


def _change(call: Call, guild: Guild, rule: Json) -> None:
    """Take over the fields of the body; raises 50035 before anything is changed."""
    given = chosen(call.form, _EDITABLE)
    if "event_type" in given:
        choice(given, "event_type", (1, 2))
    if "trigger_metadata" in given:
        given["trigger_metadata"] = _metadata(given["trigger_metadata"])
    if "actions" in given:
        given["actions"] = [_action(call, guild, action) for action in given["actions"]]
    for field, most in (("exempt_roles", 20), ("exempt_channels", 50)):
        if field in given:
            given[field] = [str(one) for one in given[field]]
            if not all(one.isdecimal() for one in given[field]):
                raise invalid(field, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
            if len(given[field]) > most:
                raise too_long(field, most)
    rule |= given


def _metadata(given: Json) -> Json:
    for name, (most, longest) in _LISTS.items():
        entries = given.get(name) or []
        if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
            raise invalid(f"trigger_metadata.{name}", "LIST_TYPE_CONVERT", "Must be a list of texts.")
        if len(entries) > most or any(len(entry) > longest for entry in entries):
            raise too_long(f"trigger_metadata.{name}", most if len(entries) > most else longest)
    for pattern in given.get("regex_patterns") or ():
        try:
            re.compile(pattern)
        except re.error:
            raise invalid("trigger_metadata.regex_patterns", "INVALID_REGEX", "Invalid pattern.") from None
    return {"keyword_filter": [], "regex_patterns": [], "allow_list": [], **chosen(given, _METADATA)}


def _action(call: Call, guild: Guild, given: Any) -> Json:
    kind, metadata = choice(given, "type", (1, 2, 3, 4)), given.get("metadata") or {}
    if kind == 3:
        call.world.require(guild, call.me, permissions.MODERATE_MEMBERS)
        if not 0 <= int(metadata.get("duration_seconds") or 0) <= MAX_TIME_OUT_S:
            raise invalid("actions.0.metadata.duration_seconds", "NUMBER_TYPE_MAX", "At most 28 days.")
    if metadata.get("channel_id") is not None:
        metadata = {**metadata, "channel_id": str(metadata["channel_id"])}
    return {"type": kind, "metadata": metadata}


def _tell(call: Call, guild: Guild, what: str, audit: int, rule: Json) -> None:
    call.world.emit(Event(name=f"AUTO_MODERATION_RULE_{what}", data=rule, guild_id=guild.id))
    write_audit(call.world, guild, audit, call.me, rule["id"], reason=call.reason)


_R = "/guilds/{guild_id}/auto-moderation/rules"
ROUTES = [
    Route("GET", _R, _list),
    Route("POST", _R, _create),
    Route("GET", _R + "/{rule_id}", _get),
    Route("PATCH", _R + "/{rule_id}", _edit),
    Route("DELETE", _R + "/{rule_id}", _delete),
]
