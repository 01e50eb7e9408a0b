"""Whom a message pings: what its text names, cut down by `allowed_mentions`.

Source: Discord API reference, Allowed Mentions Object.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from droas_sandbox.errors import invalid

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(?:everyone|here)\b")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Ids in the order of the text."""

    users: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    everyone: bool = False


def resolve(
    content: str, allowed: Json | None, *, replied_to: str | None, defaults: frozenset[str]
) -> Mentions:
    """Give whom a text pings.

    Args:
        content: the text.
        allowed: `allowed_mentions`; None when absent, then `defaults` are parsed.
        replied_to: author of the message replied to, pinged unless `replied_user` is false.
        defaults: what is parsed without `allowed`: users, roles, everyone.

    Raises:
        DiscordError: 50035, when `parse` and an explicit list contradict one another.
    """
    parse, users, roles, replied = defaults, None, None, True
    if allowed is not None:
        parse = frozenset(allowed.get("parse") or ())
        users = _listed(allowed, "users", parse)
        roles = _listed(allowed, "roles", parse)
        replied = bool(allowed.get("replied_user", False))
    named = list(dict.fromkeys(_USER.findall(content)))
    pinged = [user_id for user_id in named if "users" in parse or (users is not None and user_id in users)]
    if replied_to is not None and replied and replied_to not in pinged:
        pinged.append(replied_to)
    named_roles = list(dict.fromkeys(_ROLE.findall(content)))
    return Mentions(
        users=pinged,
        roles=[
            role_id for role_id in named_roles if "roles" in parse or (roles is not None and role_id in roles)
        ],
        everyone="everyone" in parse and _EVERYONE.search(content) is not None,
    )


def _listed(allowed: Json, kind: str, parse: frozenset[str]) -> set[str] | None:
    listed = {str(entry) for entry in allowed.get(kind) or ()}
    if listed and kind in parse:
        raise invalid(
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            f"parse:[{kind!r}] and {kind}: [ids...] are mutually exclusive.",
        )
    if len(listed) > 100:
        raise invalid(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")
    return listed or None
