"""All that the mother's flows ask of the world, on one page."""

import asyncio
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import SecretStr

from droas_common.ids import BotName, Snowflake
from droas_common.settings import BotSettings, CurveKeys
from droas_common.wire.calls import Json
from droas_common.wire.heartbeats import FromMother, StartLimit
from droas_common.wire.records import LogRecord
from droas_mother.core.answers.tool_answers import Verdict
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.books import Batch, Changes, Shelf
from droas_mother.core.bookkeeping.records import AuditRecord, Client, Erasure, Hold, Row, Traces
from droas_mother.core.supervision.usage import Usage
from droas_mother.core.tools.authorization import Principal


class ChildHandle(Protocol):
    """One running child process."""

    pid: int
    started_at: float
    """Seconds of the monotonic clock."""
    created_at: float | None
    """Unix seconds as the system tells them; with the pid they name the process for good."""
    ended: asyncio.Event

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have this called once when the process has ended."""
        ...

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to exactly this process."""
        ...

    def kill(self) -> None:
        """End it and its process group at once."""
        ...

    async def ask_stacks(self) -> str:
        """Give the stacks of its threads, "" when it cannot tell them."""
        ...

    async def exit_code(self) -> int | None:
        """Wait for the end and give the exit code, negative for a signal, None when unknown."""
        ...


class Children[Handle: ChildHandle](Protocol):
    """Where child processes come from."""

    async def spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> Handle:
        """Start one life of a bot, after making sure that no other process is this bot; raises OutsideError."""
        ...

    async def adopt(self, name: BotName, settings: BotSettings) -> tuple[Handle, int] | None:
        """Find a living process of an earlier mother that may go on; gives it and its incarnation."""
        ...

    async def end_strangers(self, wanted: frozenset[BotName]) -> None:
        """End the living processes of all other bots than these."""
        ...

    def bury(self, name: BotName, incarnation: int, child: Handle) -> None:
        """Give back what an ended life held: keys, descriptors, routes."""
        ...


class HealthLink(Protocol):
    """The way to a living child."""

    def tell(self, bot: str, incarnation: int, word: FromMother) -> bool:
        """Send a word; False when the child cannot be reached."""
        ...


class Question(Protocol):
    """One frame that asks for an answer, and who proved to have sent it."""

    @property
    def principal(self) -> Principal:
        """Who sent it."""
        ...

    @property
    def frame(self) -> bytes:
        """What was sent."""
        ...


class CallSocket[Q: Question](Protocol):
    """Where tool calls come from; used by one thread, but for `ring`."""

    def ring(self) -> None:
        """Wake the waiting thread; any thread may."""
        ...

    def wait(self) -> None:
        """Wait until a frame is there or the bell rings."""
        ...

    def receive(self, most: int, most_bytes: int) -> list[Q]:
        """Give the frames that wait."""
        ...

    def answer(self, incoming: Q, frame: bytes) -> None:
        """Send an answer the way that the question came."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


class Store(Shelf, Protocol):
    """What is stored; used by the thread that writes."""

    def expect(self, calls: Sequence[tuple[str, str]]) -> None:
        """Look these calls up, by caller and key, in one go, for `call` until the next commit; raises OutsideError."""
        ...

    def write(self, changes: Changes) -> None:
        """Commit all of these changes, or none; raises OutsideError, and DefectError for what cannot be kept."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class ResultCache(Protocol):
    """Keeps results for a while; it may forget, and never raises."""

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """Give what is kept under each name; None for what is not known."""
        ...

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep these by their names."""
        ...


class IdentifyBudget(Protocol):
    """How many IDENTIFYs a token may still send."""

    def note(self, who: str, token: SecretStr, count: int) -> None:
        """Count identifies that a bot has sent."""
        ...

    def note_limit(self, token: SecretStr, limit: StartLimit) -> None:
        """Take over what Discord tells of a token."""
        ...

    def wait_s(self, token: SecretStr) -> float:
        """Give the seconds until one more may be sent; 0 when it may now."""
        ...


class EventBus(Protocol):
    """The publisher of events to children."""

    def publish(self, topic: str, kind: str, data: Json, *, state: Json) -> int:
        """Tell all followers of a topic; gives the event's sequence number."""
        ...


class AuditLog(Protocol):
    """Where decisions are written down."""

    async def write(self, *records: AuditRecord, rows: tuple[Row, ...] = ()) -> None:
        """Write records and rows and wait until they are committed; raises OutsideError."""
        ...


class Moderator(Protocol):
    """What the mother can do in a Discord guild; every call raises OutsideError when Discord fails."""

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Delete 1 to 100 messages of one channel; those already gone are no error.

        Raises:
            PartlyDeletedError: some are left; after any other OutsideError all may be.
        """
        ...

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence a member for a while; one who has left is no error."""
        ...


class ProbeDesk(Protocol):
    """Looks at processes."""

    def look(self, pids: frozenset[int]) -> Mapping[int, Usage]:
        """Give what these processes use; the vanished are left out."""
        ...


class OwnFigures(Protocol):
    """How the mother herself was at the last look."""

    lag_s: float
    """How late the mother's event loop was at its last beat."""

    own: Usage | None
    """What her process uses; None before the first look."""


class AuditReader(Protocol):
    """Reads the audit; blocks, so it is called in a thread."""

    def find_audit(self, wanted: AuditQuery) -> list[dict[str, Any]]:
        """Give the decisions that are asked for, oldest first; raises OutsideError."""
        ...


class RecordReader(Protocol):
    """Reads what is stored, beside the writer; blocks, so it is called in a thread. All raise OutsideError."""

    def clients(self) -> list[Client]:
        """Give the external callers, revoked ones too."""
        ...

    def about(self, who: Erasure) -> dict[str, list[dict[str, Any]]]:
        """Give everything that is kept of a person, by table."""
        ...

    def traces(self, who: Erasure) -> Traces:
        """Give where a person stands in audit and ledger."""
        ...

    def expired_holds(self, at_us: int, most: int) -> list[Hold]:
        """Give coins that are set aside still, though their time is over."""
        ...

    def prunable(self, before_us: int, most: int) -> int | None:
        """Give the number below which decisions are too old, so many at most; None when none is."""
        ...


class Verification(Protocol):
    """Verifies what is stored; blocks, so it is called in a thread. Both raise OutsideError."""

    def audit(self) -> Verdict:
        """Verify the audit."""
        ...

    def ledger(self) -> Verdict:
        """Verify the ledger."""
        ...


class Writer(AuditLog, Protocol):
    """The one who writes."""

    async def do[T](self, work: Callable[[Batch, int], T], *, last: bool = False) -> T:
        """Have something done within the next commit; gives what it gave; raises OutsideError."""
        ...


class ClientKeys(Protocol):
    """Who may connect."""

    def issue(self, principal: Principal) -> CurveKeys:
        """Make a fresh key pair for a principal and admit it from now on."""
        ...

    def admit(self, public_key: str, principal: Principal) -> None:
        """Admit a key that was issued before."""
        ...

    def revoke(self, public_key: str) -> None:
        """Refuse this key from now on."""
        ...


class LogShelf(Protocol):
    """Keeps the newest log records of each bot."""

    def newest(self, bot: str, count: int) -> list[LogRecord]:
        """Give the newest records, oldest first."""
        ...

    def follow(self, bot: str, tell: Callable[[LogRecord], None]) -> Callable[[], None]:
        """Tell every new record, from whatever thread it comes; gives what ends it."""
        ...
