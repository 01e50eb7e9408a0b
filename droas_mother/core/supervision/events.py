"""What happens to the bots, as numbered events, and a ring that keeps the newest."""

from collections import deque
from itertools import islice
from typing import Annotated

import msgspec
from msgspec import Meta

from droas_mother.core.supervision.lifecycle import State

_Id = Annotated[int, Meta(description="counts up from 1 with the start of the mother; no gaps")]
_At = Annotated[float, Meta(description="unix seconds")]


class StateChanged(msgspec.Struct, frozen=True, kw_only=True, tag="state", tag_field="kind"):
    """A bot's state has changed."""

    id: _Id
    at: _At
    bot: str
    state: State
    before: Annotated[State | None, Meta(description="null for the first change")]
    pid: int | None
    life: Annotated[int | None, Meta(description="number of its process")]
    reason: Annotated[str, Meta(description="why it is not as it should be, in words")]
    last_exit: Annotated[str | None, Meta(description="how its last process ended, in words")]
    next_start_unix_s: float | None


class Commanded(msgspec.Struct, frozen=True, kw_only=True, tag="command", tag_field="kind"):
    """Somebody has commanded a bot."""

    id: _Id
    at: _At
    bot: str
    verb: str
    uid: Annotated[int, Meta(description="the user that asked, as the kernel tells it")]


class ConfigChanged(msgspec.Struct, frozen=True, kw_only=True, tag="config", tag_field="kind"):
    """Something has happened to the configuration."""

    id: _Id
    at: _At
    bot: Annotated[str, Meta(description="empty: it concerns all")] = ""
    revision: Annotated[int, Meta(description="the one in force")]
    what: Annotated[str, Meta(description="applied, refused, mended, tried, taken_back")]
    words: str


class Missed(msgspec.Struct, frozen=True, kw_only=True, tag="missed", tag_field="kind"):
    """Events between the one asked for and the oldest kept are gone."""

    id: Annotated[int, Meta(description="of the newest event that is gone")]
    count: int


class StreamEnded(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """The last line of a stream; one that ends without it was broken."""

    id: Annotated[int, Meta(description="of the last event delivered; go on with ?after=")]
    why: Annotated[str, Meta(description="too_slow: the reader did not keep up; stopping: the mother ends")]


class LogEnded(msgspec.Struct, frozen=True, kw_only=True, tag="end", tag_field="kind"):
    """The last line of a stream of log records; one that ends without it was broken."""

    why: Annotated[
        str,
        Meta(description="too_slow: the reader did not keep up; stopping: the mother ends; else in words"),
    ]


Event = StateChanged | Commanded | ConfigChanged


class EventRing:
    """Keeps the newest events.

    Args:
        capacity: most events kept.
    """

    def __init__(self, capacity: int) -> None:
        self._events: deque[Event] = deque(maxlen=capacity)
        self._last_id = 0

    @property
    def next_id(self) -> int:
        """Give the number that the next event must have."""
        return self._last_id + 1

    def add(self, event: Event) -> None:
        """Keep an event, and forget the oldest when there are too many."""
        self._last_id = event.id
        self._events.append(event)

    def newest(self, count: int, *, bot: str | None = None) -> list[Event]:
        """Give the newest events (of one bot), oldest first."""
        fitting = (one for one in reversed(self._events) if bot in (None, one.bot))
        return list(islice(fitting, count))[::-1]

    def after(self, last_id: int, *, bot: str | None = None) -> list[Missed | Event]:
        """Give the events after this one, oldest first, beginning with how many of them are gone.

        A number from the future is of an earlier mother: everything is new then.
        """
        if last_id > self._last_id:
            last_id = 0
        first = self._events[0].id if self._events else self.next_id
        gone = max(0, first - 1 - last_id)
        head: list[Missed | Event] = [Missed(id=first - 1, count=gone)] if gone else []
        return head + [one for one in self._events if one.id > last_id and bot in (None, one.bot)]
