"""Who may do what: Discord's permission bits, worked out as its documentation says.

Source: Discord API reference, Permissions.
"""

from collections.abc import Iterable, Mapping
from typing import Any

KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
MANAGE_GUILD = 1 << 5
ADD_REACTIONS = 1 << 6
VIEW_AUDIT_LOG = 1 << 7
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
CHANGE_NICKNAME = 1 << 26
MANAGE_NICKNAMES = 1 << 27
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_MESSAGES_IN_THREADS = 1 << 38
MODERATE_MEMBERS = 1 << 40
SEND_POLLS = 1 << 49
PIN_MESSAGES = 1 << 51
BYPASS_SLOWMODE = 1 << 52

ALL = (1 << 53) - 1
TIMED_OUT = VIEW_CHANNEL | READ_MESSAGE_HISTORY
"""All that a timed-out member keeps."""

DEFAULT = (
    ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
)
"""What @everyone has in a new group."""

NAMES = {
    name.lower(): value
    for name, value in globals().items()
    if name.isupper() and isinstance(value, int) and name not in ("ALL", "TIMED_OUT", "DEFAULT")
}
"""Bits by their lower-case names, for world files."""

Overwrite = Mapping[str, Any]


def base(everyone: int, roles: Iterable[int], *, owner: bool) -> int:
    """Give a member's permissions in the group: @everyone's and all roles' together."""
    if owner:
        return ALL
    allowed = everyone
    for role in roles:
        allowed |= role
    return ALL if allowed & ADMINISTRATOR else allowed


def in_channel(
    allowed: int, overwrites: Iterable[Overwrite], *, guild_id: str, role_ids: Iterable[str], user_id: str
) -> int:
    """Give what is left and added in a channel.

    First @everyone's overwrite, then all roles' denials and all roles' allowances, then the member's own.
    Without VIEW_CHANNEL nothing else counts.
    """
    if allowed & ADMINISTRATOR:
        return ALL
    by_id = {str(overwrite["id"]): overwrite for overwrite in overwrites}
    allowed = _apply(allowed, by_id.get(guild_id))
    deny = allow = 0
    for role_id in role_ids:
        if role_id in by_id:
            deny |= int(by_id[role_id]["deny"])
            allow |= int(by_id[role_id]["allow"])
    allowed = allowed & ~deny | allow
    allowed = _apply(allowed, by_id.get(user_id))
    return allowed if allowed & VIEW_CHANNEL else 0


def _apply(allowed: int, overwrite: Overwrite | None) -> int:
    if overwrite is None:
        return allowed
    return allowed & ~int(overwrite["deny"]) | int(overwrite["allow"])


def parse(value: object) -> int:
    """Read permissions: a number, a decimal text, or a list of names."""
    if isinstance(value, list):
        bits = 0
        for name in value:
            bits |= NAMES[str(name).lower()]
        return bits
    return int(str(value))
