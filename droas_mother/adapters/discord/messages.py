"""Messages of the gateway as facts, read from the events as they came.

nextcord's own messages leave out what it does not know (polls), and cannot be made at all of some that Discord sends; what
cannot be read is not protected. Source: Discord API reference, Message Object, Message Snapshot Object, Poll Object.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import nextcord

from droas_common.ids import Snowflake
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.core.protection.normalisation import read

MAX_NAME = 100
"""Characters kept of a member's or a role's name."""

MAX_DEPTH = 6
"""Components within components that are read."""

Raw = dict[str, Any]
"""An object of Discord's JSON."""


def facts_of(
    data: Raw, guild: nextcord.Guild, exempt_roles: frozenset[str], *, at_s: float, edited: bool
) -> MessageFacts | None:
    """Give what the rules know of a message; None when no person of the group has written it.

    Args:
        data: a MESSAGE_CREATE, or a MESSAGE_UPDATE, which is whole since gateway version 10.
        guild: the group that it is in.
        exempt_roles: ids of roles whose members are trusted.
        at_s: when it arrived, seconds of the monotonic clock.
        edited: whether it is an update.
    """
    author, member = data.get("author"), data.get("member")
    if author is None or member is None or author.get("bot") or data.get("webhook_id"):
        return None  # an update without an author only adds a link's preview
    replied_to = ((data.get("referenced_message") or {}).get("author") or {}).get("id")
    mentioned = {one["id"] for one in data.get("mentions", ())} - {replied_to}
    words = read(tuple(_written(data)), tuple(_labels(data)))
    roles = [role for one in member.get("roles", ()) if (role := guild.get_role(int(one))) is not None]
    return MessageFacts(
        guild_id=Snowflake(str(guild.id)),
        channel_id=Snowflake(data["channel_id"]),
        message_id=Snowflake(data["id"]),
        author_id=Snowflake(author["id"]),
        author_name=(member.get("nick") or author.get("global_name") or author["username"])[:MAX_NAME],
        at_s=at_s,
        text=words.said,
        readings=words.readings,
        mentioned_users=frozenset(map(Snowflake, mentioned)),
        mentioned_roles=frozenset(map(Snowflake, data.get("mention_roles", ()))),
        author_roles=tuple(role.name[:MAX_NAME] for role in roles),
        trusted=_is_trusted(author["id"], roles, guild, exempt_roles),
        edited=edited,
    )


def _written(data: Raw) -> Iterator[str]:
    """Give what a message says, by its author or by who is forwarded in it."""
    for part in (data, *_forwarded(data)):
        yield part.get("content") or ""
        poll = part.get("poll") or {}
        yield (poll.get("question") or {}).get("text") or ""
        for answer in poll.get("answers", ()):
            yield (answer.get("poll_media") or {}).get("text") or ""


def _labels(data: Raw) -> Iterator[str]:
    """Give the words on what hangs on a message.

    Of previews of links nothing: they are the words of the pages.
    """
    for part in (data, *_forwarded(data)):
        for file in part.get("attachments", ()):
            yield file.get("filename") or ""
            yield file.get("title") or ""
            yield file.get("description") or ""
        for sticker in part.get("sticker_items", ()):
            yield sticker.get("name") or ""
    for part in _forwarded(data):
        for embed in part.get("embeds", ()):
            yield from _embedded(embed)
        yield from _built(part.get("components", ()), depth=0)


def _embedded(embed: Raw) -> Iterator[str]:
    if embed.get("type", "rich") != "rich":
        return  # the preview of a link
    author = embed.get("author") or {}
    for one in (
        embed.get("title"),
        embed.get("url"),
        embed.get("description"),
        author.get("name"),
        author.get("url"),
    ):
        yield one or ""
    yield (embed.get("footer") or {}).get("text") or ""
    for field in embed.get("fields", ()):
        yield field.get("name") or ""
        yield field.get("value") or ""


def _built(components: Sequence[Raw], *, depth: int) -> Iterator[str]:
    """Give the words of components and of those within them; Discord puts a few into one another."""
    for one in components if depth < MAX_DEPTH else ():
        yield one.get("content") or ""
        yield one.get("label") or ""
        yield one.get("url") or ""
        yield from _built(one.get("components", ()), depth=depth + 1)


def _forwarded(data: Raw) -> list[Raw]:
    return [one.get("message") or {} for one in data.get("message_snapshots", ())]


def _is_trusted(
    author_id: str, roles: list[nextcord.Role], guild: nextcord.Guild, exempt_roles: frozenset[str]
) -> bool:
    """Say whether a member owns the group, may manage messages in all of it, or has an exempt role."""
    if author_id == str(guild.owner_id) or any(str(role.id) in exempt_roles for role in roles):
        return True
    return any(
        role.permissions.administrator or role.permissions.manage_messages
        for role in (guild.default_role, *roles)
    )
