"""What there is in a sandbox, as plain state."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

THREADS = (10, 11, 12)
"""Channel types that are threads: of announcements, public, private."""

PRIVATE_THREAD = 12
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
"""After how long a silent thread may be archived."""


@dataclass(slots=True)
class Guild:
    """A group: its own fields, and what belongs to it by id.

    Args:
        time_outs: of those who left, because leaving ends no time-out.
    """

    data: Json
    roles: dict[str, Json] = field(default_factory=dict)
    channels: dict[str, Json] = field(default_factory=dict)
    members: dict[str, Json] = field(default_factory=dict)
    bans: dict[str, str | None] = field(default_factory=dict)
    automod: dict[str, Json] = field(default_factory=dict)
    time_outs: dict[str, str] = field(default_factory=dict)
    audit: deque[Json] = field(default_factory=lambda: deque(maxlen=1000))

    @property
    def id(self) -> str:
        """The group's id."""
        return str(self.data["id"])

    @property
    def threads(self) -> list[Json]:
        """The group's threads."""
        return [channel for channel in self.channels.values() if channel["type"] in THREADS]


@dataclass(frozen=True, slots=True)
class Start:
    """An earlier identify.

    Args:
        at: unix seconds.
        key: `shard_id % max_concurrency`; identifies of one key wait for one another.
        accepted: whether it brought a session.
    """

    at: float
    key: int
    accepted: bool


@dataclass(slots=True)
class Bot:
    """A bot user with its application.

    Args:
        privileged: the privileged intents that are enabled for the application, as bits.
        starts: its identifies, newest last.
    """

    user_id: str
    application_id: str
    token: str
    privileged: int
    starts: deque[Start] = field(default_factory=lambda: deque(maxlen=5000))


@dataclass(slots=True)
class Message:
    """A message and what became of it; deleted ones stay, for the page and for tests.

    Args:
        deleted_reason: what whoever deleted it gave as the reason, as in the audit log.
        pinned_at: when it was pinned.
        hidden: an ephemeral answer, which only one person sees.
        reactions: who reacted, by emoji.
    """

    data: Json
    guild_id: str | None
    deleted: bool = False
    deleted_by: str | None = None
    deleted_reason: str | None = None
    edits: int = 0
    pinned_at: float | None = None
    hidden: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)

    def end(self, actor_id: str | None, reason: str | None) -> None:
        """Mark it as deleted by somebody."""
        self.deleted, self.deleted_by, self.deleted_reason = True, actor_id, reason
        self.pinned_at = None


@dataclass(frozen=True, slots=True)
class SeenNonce:
    """Which message a nonce made, and when."""

    at: float
    channel_id: str
    message_id: str


@dataclass(slots=True)
class Interaction:
    """An interaction on its way to an application.

    Args:
        responses: what the application answered, callback first.
        original: id of the message that the first answer made.
    """

    id: str
    token: str
    application_id: str
    data: Json
    created_at: float
    responded: bool = False
    deferred: bool = False
    ephemeral: bool = False
    responses: list[Json] = field(default_factory=list)
    original: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as the gateway would tell it.

    Args:
        name: the dispatch's name; names in lower case are for the page only.
        data: the complete payload.
        guild_id: the group, None in DMs.
        channel_id: the channel, for permissions.
        only: user ids that it is for; None for everybody who may see it.
    """

    name: str
    data: Json
    guild_id: str | None = None
    channel_id: str | None = None
    only: frozenset[str] | None = None
