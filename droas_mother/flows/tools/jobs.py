"""What the event loop has the gateway thread do between the calls."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from droas_common.errors import DroasError
from droas_mother.core.bookkeeping.books import Batch
from droas_mother.core.bookkeeping.records import AuditRecord, Hold, Identify, Profile, Row
from droas_mother.core.tools.refusals import Refusal

Work = Callable[[Batch, int], Any]
"""Changes a batch at a moment (unix microseconds); runs in the gateway's thread, may raise Refusal only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that the event loop wants written.

    Args:
        records: decisions.
        rows: rows, new or changed; warnings of a profile are added to those that are known.
        identifies: IDENTIFYs that were sent.
        expired: coins whose time may be over.
        work: anything else that is done in the batch; gives what `done` is settled with.
        last: whether it is done after all others of its batch.
        done: settled after the commit.
    """

    records: tuple[AuditRecord, ...] = ()
    rows: tuple[Row, ...] = ()
    identifies: tuple[Identify, ...] = ()
    expired: tuple[Hold, ...] = ()
    work: Work | None = None
    last: bool = False
    done: "asyncio.Future[Any] | None" = None


def joined(profile: Profile, batch: Batch) -> Profile:
    """Add what is new of a member to what is known."""
    known = batch.find(Profile, profile.key)
    if known is None:
        return profile
    return Profile(
        guild_id=profile.guild_id,
        user_id=profile.user_id,
        display_name=profile.display_name or known.display_name,
        first_seen_us=known.first_seen_us,
        warnings=profile.warnings + known.warnings,
    )


def add(job: Job, batch: Batch, expire: Callable[..., None], now_us: int) -> Any:
    """Do a job in a batch; gives what its work gave, or the Refusal that it raised.

    Args:
        job: what is to be done.
        batch: what it changes goes here.
        expire: gives coins back whose time is over.
        now_us: unix microseconds.
    """
    for record in job.records:
        batch.record(record)
    batch.changes.identifies.extend(job.identifies)
    for row in job.rows:
        batch.changes.keep(joined(row, batch) if isinstance(row, Profile) else row)
    try:
        for hold in job.expired:
            expire(hold, batch, now_us=now_us)
        return job.work(batch, now_us) if job.work is not None else None
    except Refusal as fault:
        return fault


def settle(done: "asyncio.Future[Any]", value: Any, fault: DroasError | None) -> None:
    """Tell one who waits on the event loop how it went."""
    if done.done():
        return
    if fault is None and isinstance(value, Refusal):
        done.set_exception(value)
    elif fault is None:
        done.set_result(value)
    else:
        done.set_exception(fault)
