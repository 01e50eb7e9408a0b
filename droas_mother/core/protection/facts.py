"""What the rules know of a message: plain data, worked out once."""

from dataclasses import dataclass, replace

from droas_common.ids import Snowflake


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """One message as the rules see it.

    Args:
        at_s: when it arrived, seconds of the monotonic clock.
        text: the normal form of what it says.
        readings: the ways in which people read all words of it, what hangs on it included: files, stickers, embeds.
        mentioned_users: users mentioned, each once, the one replied to left out.
        author_roles: names of its author's roles here, without @everyone.
        trusted: whether its author may manage messages here, owns the group, or has an exempt role.
        edited: whether this is a later version of an earlier message, whoever changed what of it.
    """

    guild_id: Snowflake
    channel_id: Snowflake
    message_id: Snowflake
    author_id: Snowflake
    author_name: str
    at_s: float
    text: str
    readings: tuple[str, ...] = ()
    mentioned_users: frozenset[Snowflake] = frozenset()
    mentioned_roles: frozenset[Snowflake] = frozenset()
    author_roles: tuple[str, ...] = ()
    trusted: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What is remembered of a message for the rules that look back."""

    at_s: float
    message_id: Snowflake
    channel_id: Snowflake
    print: int
    """Of its text, 0 for none: whether two are equal is all that is asked."""


MEMORY_S = 60.0
"""How far back rules can look."""

MEMORY_MESSAGES = 100
"""Messages remembered of one member; no policy counts more."""


def remember(past: tuple[Trace, ...], facts: MessageFacts) -> tuple[Trace, ...]:
    """Give a member's recent messages with this one.

    An edit takes the place of what it replaces. What is known of no longer was not written lately, whoever changed it now.
    """
    fresh = [trace for trace in past if facts.at_s - trace.at_s <= MEMORY_S]
    known = next((trace for trace in fresh if trace.message_id == facts.message_id), None)
    fingerprint = print_of(facts.text)
    if known is not None:
        return tuple(replace(trace, print=fingerprint) if trace is known else trace for trace in fresh)
    if facts.edited:
        return tuple(fresh)
    newest = Trace(facts.at_s, facts.message_id, facts.channel_id, fingerprint)
    return (*fresh, newest)[-MEMORY_MESSAGES:]


def print_of(text: str) -> int:
    """Give the fingerprint of a text, good for the life of this process; 0 for none."""
    return hash(text) if text else 0
