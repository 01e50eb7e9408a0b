"""What the rules know of a message: plain data, worked out once."""

from dataclasses import dataclass

from droas_common.ids import Snowflake


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFacts:
    """One message as the rules see it.

    Args:
        at_s: when it arrived, seconds of the monotonic clock.
        text: its normal form.
        mentioned_users: users mentioned, each once, the one replied to left out.
        mentions_everyone: whether it really pings everyone.
        author_roles: names of its author's roles here, without @everyone.
        trusted: whether its author may manage messages here, owns the group, or has an exempt role.
        edited: whether this is a later version of an earlier message.
    """

    guild_id: Snowflake
    channel_id: Snowflake
    message_id: Snowflake
    author_id: Snowflake
    author_name: str
    at_s: float
    text: str
    mentioned_users: frozenset[Snowflake] = frozenset()
    mentioned_roles: frozenset[Snowflake] = frozenset()
    mentions_everyone: bool = False
    author_roles: tuple[str, ...] = ()
    trusted: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Trace:
    """What is remembered of a message for the rules that look back."""

    at_s: float
    message_id: Snowflake
    channel_id: Snowflake
    text: str
    removed: bool = False
    """Whether it was taken away already; it still counts, but is not taken away again."""


MEMORY_S = 60.0
"""How far back rules can look."""

MEMORY_MESSAGES = 40
"""Messages remembered of one member; a flood is over the limit long before."""


def remember(past: tuple[Trace, ...], facts: MessageFacts) -> tuple[Trace, ...]:
    """Give a member's recent messages with this one; an edit takes the place of what it replaces."""
    fresh = [
        trace
        for trace in past
        if facts.at_s - trace.at_s <= MEMORY_S and trace.message_id != facts.message_id
    ]
    replaced = next((trace.at_s for trace in past if trace.message_id == facts.message_id), facts.at_s)
    newest = Trace(replaced, facts.message_id, facts.channel_id, facts.text)
    return (*fresh, newest)[-MEMORY_MESSAGES:]
