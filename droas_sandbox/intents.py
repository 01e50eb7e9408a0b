"""Which events a session gets, and how much of them it may see.

Source: Discord API reference, Gateway Intents and Message Content.
"""

from dataclasses import dataclass
from typing import Any

from droas_sandbox.permissions import BAN_MEMBERS, MANAGE_GUILD, VIEW_AUDIT_LOG

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_MODERATION = 1 << 2
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
KNOWN = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25

_FLAGS = {GUILD_PRESENCES: 1 << 13, GUILD_MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}
"""The application's flag of each privileged intent, for bots in few groups."""

_IN_GUILD: dict[str, int] = {
    "GUILD_CREATE": 0,
    "GUILD_UPDATE": 0,
    "GUILD_DELETE": 0,
    "GUILD_ROLE_CREATE": 0,
    "GUILD_ROLE_UPDATE": 0,
    "GUILD_ROLE_DELETE": 0,
    "CHANNEL_CREATE": 0,
    "CHANNEL_UPDATE": 0,
    "CHANNEL_DELETE": 0,
    "CHANNEL_PINS_UPDATE": 0,
    "THREAD_CREATE": 0,
    "THREAD_UPDATE": 0,
    "THREAD_DELETE": 0,
    "THREAD_MEMBER_UPDATE": 0,
    "GUILD_MEMBER_ADD": 1,
    "GUILD_MEMBER_UPDATE": 1,
    "GUILD_MEMBER_REMOVE": 1,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": 2,
    "GUILD_BAN_ADD": 2,
    "GUILD_BAN_REMOVE": 2,
    "WEBHOOKS_UPDATE": 5,
    "MESSAGE_CREATE": 9,
    "MESSAGE_UPDATE": 9,
    "MESSAGE_DELETE": 9,
    "MESSAGE_DELETE_BULK": 9,
    "MESSAGE_REACTION_ADD": 10,
    "MESSAGE_REACTION_REMOVE": 10,
    "MESSAGE_REACTION_REMOVE_ALL": 10,
    "MESSAGE_REACTION_REMOVE_EMOJI": 10,
    "TYPING_START": 11,
    "AUTO_MODERATION_RULE_CREATE": 20,
    "AUTO_MODERATION_RULE_UPDATE": 20,
    "AUTO_MODERATION_RULE_DELETE": 20,
    "AUTO_MODERATION_ACTION_EXECUTION": 21,
}
_IN_DM = {9: 12, 10: 13, 11: 14}
_NEEDED: dict[str, int] = {
    "AUTO_MODERATION_RULE_CREATE": MANAGE_GUILD,
    "AUTO_MODERATION_RULE_UPDATE": MANAGE_GUILD,
    "AUTO_MODERATION_RULE_DELETE": MANAGE_GUILD,
    "AUTO_MODERATION_ACTION_EXECUTION": MANAGE_GUILD,
    "GUILD_AUDIT_LOG_ENTRY_CREATE": VIEW_AUDIT_LOG,
    "GUILD_BAN_ADD": BAN_MEMBERS | VIEW_AUDIT_LOG,
    "GUILD_BAN_REMOVE": BAN_MEMBERS | VIEW_AUDIT_LOG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who would get an event.

    Args:
        bot_id: the bot's user id.
        intents: what it asked for.
        permissions: its permissions in the event's group; all of them in a DM.
    """

    bot_id: str
    intents: int
    permissions: int


def wanted(name: str, data: dict[str, Any], viewer: Viewer, *, in_guild: bool) -> bool:
    """Say whether a viewer gets an event at all."""
    needed = _NEEDED.get(name, 0)
    if needed and not viewer.permissions & needed:
        return False
    if name == "GUILD_MEMBER_UPDATE" and data.get("user", {}).get("id") == viewer.bot_id:
        return True
    bit = _IN_GUILD.get(name)
    if bit is None:
        return True
    if not in_guild:
        bit = _IN_DM.get(bit, bit)
    return bool(viewer.intents >> bit & 1)


def sees_content(data: dict[str, Any], viewer: Viewer, *, in_guild: bool) -> bool:
    """Say whether a viewer may read a message: it has the intent, or it is party to the message."""
    if viewer.intents & MESSAGE_CONTENT or not in_guild:
        return True
    if data.get("author", {}).get("id") == viewer.bot_id:
        return True
    return any(user.get("id") == viewer.bot_id for user in data.get("mentions", ()))


def emptied(message: dict[str, Any]) -> dict[str, Any]:
    """Give a message as those see it who may not read it: what was said is empty, not absent."""
    bare = {**message, "content": "", "embeds": [], "attachments": [], "components": []}
    bare.pop("poll", None)
    if isinstance(bare.get("referenced_message"), dict):
        bare["referenced_message"] = emptied(bare["referenced_message"])
    return bare


def redacted(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """Give an event's payload as those see it who may not read messages."""
    if name == "AUTO_MODERATION_ACTION_EXECUTION":
        return {**data, "content": "", "matched_content": ""}
    return emptied(data)


def application_flags(privileged: int) -> int:
    """Give the flags of an application with these privileged intents."""
    return sum(flag for intent, flag in _FLAGS.items() if privileged & intent)
