"""What the admin interface asks of the one who answers."""

from typing import Any, Protocol

Answer = tuple[int, Any]
"""An HTTP status, and a JSON value or an asynchronous iterator of batches of them."""


class Desk(Protocol):
    """What answers."""

    def health(self) -> Answer:
        """Say whether the mother is alive."""
        ...

    def ready(self) -> Answer:
        """Say whether every wanted bot is ready."""
        ...

    def metrics(self) -> bytes:
        """Give the metrics."""
        ...

    def bots(self) -> Answer:
        """List the bots."""
        ...

    def bot(self, name: str) -> Answer:
        """Tell everything about one bot."""
        ...

    def logs(self, name: str, count: int, *, follow: bool) -> Answer:
        """Give a bot's newest log records, and with `follow` those that come."""
        ...

    def events(self, count: int, *, after: int | None, bot: str | None, follow: bool) -> Answer:
        """Give what happened, and with `follow` what happens."""
        ...

    async def audit(self, count: int, kind: str | None) -> Answer:
        """Give the newest decisions."""
        ...

    async def command(self, name: str, verb: str, *, uid: int, wait_s: float) -> Answer:
        """Start, stop or restart a bot."""
        ...

    def close_streams(self) -> None:
        """Let everybody who follows something go."""
        ...
