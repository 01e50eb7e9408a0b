"""What the admin interface asks of the one who answers."""

from typing import Any, Protocol

from droas_mother.core.answers.config_answers import ApplyWanted, RollbackWanted
from droas_mother.core.answers.tool_answers import ClientWanted, ToolCall
from droas_mother.core.bookkeeping.audit_query import AuditQuery

Answer = tuple[int, Any]
"""An HTTP status, and a JSON value or an asynchronous iterator of batches of them."""


class Counter(Protocol):
    """What answers about tools."""

    async def tools(self, *, uid: int) -> Answer:
        """List them."""
        ...

    async def call(self, wanted: ToolCall, *, uid: int) -> Answer:
        """Call one."""
        ...


class Clients(Protocol):
    """What answers about external clients."""

    async def clients(self) -> Answer:
        """List them."""
        ...

    async def add(self, wanted: ClientWanted, *, uid: int) -> Answer:
        """Add one."""
        ...

    async def revoke(self, name: str, *, uid: int) -> Answer:
        """Hear nothing more of one."""
        ...


class Records(Protocol):
    """What answers about audit, ledger and people."""

    async def audit(self, query: AuditQuery, *, follow: bool) -> Answer:
        """Give decisions, and with `follow` those that come."""
        ...

    async def verify_audit(self) -> Answer:
        """Verify the audit."""
        ...

    async def verify_ledger(self) -> Answer:
        """Verify the ledger."""
        ...

    async def export(self, user_id: str, guild_id: str | None, *, uid: int) -> Answer:
        """Give everything that is kept of a person."""
        ...

    async def erase(self, user_id: str, guild_id: str | None, *, uid: int) -> Answer:
        """Forget a person."""
        ...


class Config(Protocol):
    """What answers about the configuration."""

    def status(self) -> Answer:
        """Say what runs, what lies on the disk, and who runs what."""
        ...

    async def apply(self, wanted: ApplyWanted, *, uid: int) -> Answer:
        """Put the files into force."""
        ...

    async def rollback(self, wanted: RollbackWanted, *, uid: int) -> Answer:
        """Put a kept revision into force again."""
        ...

    async def history(self, count: int) -> Answer:
        """Give the kept revisions."""
        ...


class Desk(Protocol):
    """What answers."""

    @property
    def counter(self) -> Counter:
        """For tools."""
        ...

    @property
    def clients(self) -> Clients:
        """For external clients."""
        ...

    @property
    def records(self) -> Records:
        """For audit, ledger and people."""
        ...

    @property
    def config(self) -> Config:
        """For the configuration."""
        ...

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

    async def command(self, name: str, verb: str, *, uid: int, wait_s: float) -> Answer:
        """Start, stop or restart a bot."""
        ...

    def close_streams(self) -> None:
        """Let everybody who follows something go."""
        ...
