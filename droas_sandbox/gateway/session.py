"""Gateway sessions: what outlives a connection, and what a resume can bring back."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from droas_sandbox.world.state import Bot


class Wire(Protocol):
    """A connection as a session sees it."""

    def push(self, text: str) -> None:
        """Queue one payload."""
        ...


@dataclass(slots=True)
class Session:
    """One session of one bot.

    Args:
        sequence: number of the newest dispatch.
        replay: the newest dispatches with their numbers, for a resume.
        wire: the connection that it lives on; None while it waits for a resume.
        dropped_at: when the connection was lost, by the sandbox's clock.
    """

    id: str
    bot: Bot
    intents: int
    replay: deque[tuple[int, str]]
    opened_at: float
    connection_id: str
    sequence: int = 0
    wire: Wire | None = None
    dropped_at: float | None = None
    ended: bool = False
    resumed: int = 0
    close_code: int | None = None
    closed_at: float | None = None

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
        return not self.replay or self.replay[0][0] <= sequence + 1

    def missed(self, sequence: int) -> Iterator[str]:
        """Give the dispatches after this number, in order, as they were first sent."""
        return (text for number, text in self.replay if number > sequence)
