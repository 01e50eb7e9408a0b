"""What each protection level means, in numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from droas_common.settings import ProtectionLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The thresholds of one group.

    Args:
        flood_messages: this many messages of one member …
        flood_window_s: … within so many seconds are a flood.
        duplicate_messages: this many equal messages of one member within a minute are spam.
        mentions: this many different members and roles mentioned in one message are spam.
        invites_allowed: whether invitations to other groups may be posted.
        time_out_s: for how long a member is silenced for a flood or a spam of mentions.
        invite_time_out_s: the same for an invitation; 0 only deletes it.
        keyword_time_out_s: the same for a forbidden word.
    """

    flood_messages: int
    flood_window_s: float
    duplicate_messages: int
    mentions: int
    invites_allowed: bool
    time_out_s: float
    invite_time_out_s: float
    keyword_time_out_s: float


POLICIES: dict[ProtectionLevel, Policy] = {
    ProtectionLevel.LOW: Policy(
        flood_messages=12,
        flood_window_s=5,
        duplicate_messages=8,
        mentions=12,
        invites_allowed=True,
        time_out_s=60,
        invite_time_out_s=0,
        keyword_time_out_s=0,
    ),
    ProtectionLevel.MEDIUM: Policy(
        flood_messages=8,
        flood_window_s=5,
        duplicate_messages=5,
        mentions=7,
        invites_allowed=False,
        time_out_s=300,
        invite_time_out_s=0,
        keyword_time_out_s=0,
    ),
    ProtectionLevel.HIGH: Policy(
        flood_messages=5,
        flood_window_s=5,
        duplicate_messages=3,
        mentions=4,
        invites_allowed=False,
        time_out_s=3600,
        invite_time_out_s=300,
        keyword_time_out_s=60,
    ),
}


def together(policies: Iterable[Policy]) -> Policy:
    """Give the policy of a group to which several apply: of each threshold the strictest.

    Args:
        policies: at least one.
    """
    return reduce(_both, policies)


def _both(one: Policy, other: Policy) -> Policy:
    return Policy(
        flood_messages=min(one.flood_messages, other.flood_messages),
        flood_window_s=max(one.flood_window_s, other.flood_window_s),
        duplicate_messages=min(one.duplicate_messages, other.duplicate_messages),
        mentions=min(one.mentions, other.mentions),
        invites_allowed=one.invites_allowed and other.invites_allowed,
        time_out_s=max(one.time_out_s, other.time_out_s),
        invite_time_out_s=max(one.invite_time_out_s, other.invite_time_out_s),
        keyword_time_out_s=max(one.keyword_time_out_s, other.keyword_time_out_s),
    )
