"""A call on its way through the gateway, and what the gateway counts."""

import time
from dataclasses import dataclass

import msgspec

from droas_common.wire.calls import CallParams, Request
from droas_mother.ports import Question


class Waiting(msgspec.Struct, frozen=True):
    """A request on its way into a group."""

    question: Question
    request: Request
    params: CallParams | None
    since: float

    @property
    def key(self) -> tuple[str, str] | None:
        """Caller and idempotency key of a call that has one."""
        key = self.params.meta.idempotency_key if self.params else None
        return (self.question.principal.caller, key) if key is not None else None


def weight_of(frame: bytes) -> int:
    """Give what a request weighs: one, and one more for each whole KiB of its frame.

    What takes long to serve and much memory is large; ordinary calls have a few hundred bytes.
    """
    return 1 + (len(frame) >> 10)


@dataclass(slots=True)
class GatewayFigures:
    """What the gateway has done since it started; read by other threads, too."""

    calls: int = 0
    failed_commits: int = 0
    refused: int = 0
    unread: int = 0
    """Frames dropped unread because their callers had sent too many faulty ones."""

    waiting: int = 0
    fault: str = ""
    """Why nothing can be written at the moment; empty when the last commit that wrote succeeded."""

    outage: tuple[str, float] | None = None
    """Why and since when, unix seconds, nothing could be written, until that itself is written down."""

    def note_written(self) -> None:
        """Take it that the store is well."""
        self.fault = ""

    def note_fault(self, why: str) -> bool:
        """Count a commit that failed; gives whether that is news."""
        self.failed_commits += 1
        news = why != self.fault
        self.fault = why
        self.outage = self.outage or (why, time.time())
        return news
