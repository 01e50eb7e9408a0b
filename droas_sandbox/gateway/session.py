"""Gateway sessions: what outlives a connection, and what a resume can bring back."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from droas_sandbox.gateway.identify import Shard
from droas_sandbox.world.state import Bot


class Wire(Protocol):
    """A connection as a session sees it."""

    id: str

    def push(self, text: str) -> None:
        """Queue one payload."""
        ...

    def close(self, code: int) -> None:
        """Close behind everything that is queued."""
        ...


@dataclass(slots=True, kw_only=True)
class Session:
    """One session of one bot.

    Args:
        replay: the newest dispatches with their numbers, for a resume.
        opened_at: when its connection was opened.
        identified_at: when it began.
        connection_id: the connection that it lives or last lived on.
        large_threshold: members above which GUILD_CREATE leaves most of them out.
        sequence: number of the newest dispatch.
        wire: the connection that it lives on; None while it waits for a resume.
        dropped_at: when the connection was lost, by the sandbox's clock.
        chunked: when all members of a group were last asked for.
    """

    id: str
    bot: Bot
    intents: int
    replay: deque[tuple[int, str]]
    opened_at: float
    identified_at: float
    connection_id: str
    shard: Shard
    large_threshold: int
    sequence: int = 0
    wire: Wire | None = None
    dropped_at: float | None = None
    ended: bool = False
    resumed: int = 0
    close_code: int | None = None
    closed_at: float | None = None
    chunked: dict[str, float] = field(default_factory=dict)

    def dispatch(self, name: str, data: str) -> None:
        """Number an event, keep it for a resume, and send it when there is a connection.

        Args:
            name: the dispatch's name.
            data: its payload, as JSON text.
        """
        self.sequence += 1
        text = f'{{"op":0,"d":{data},"s":{self.sequence},"t":"{name}"}}'
        self.replay.append((self.sequence, text))
        if self.wire is not None:
            self.wire.push(text)

    def covers(self, sequence: int) -> bool:
        """Whether everything after this number is still kept."""
        return sequence == self.sequence or bool(self.replay and self.replay[0][0] <= sequence + 1)

    def missed(self, sequence: int) -> Iterator[str]:
        """Give the dispatches after this number, in order, as they were first sent."""
        return (text for number, text in self.replay if number > sequence)
