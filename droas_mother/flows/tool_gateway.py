"""The gateway thread: the only writer, committing in groups.

It has no event loop, no timer and no queue hop. It takes what waits, serves it in memory, commits once and
answers; the commit in progress is the window in which the next group gathers.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from droas_common.errors import DroasError, OutsideError
from droas_common.logs import log
from droas_mother.core.authorization import Principal
from droas_mother.core.books import Batch
from droas_mother.core.records import AuditRecord, Identify, Profile, Wish
from droas_mother.flows.tool_desk import ToolDesk, unavailable_frame
from droas_mother.ports import CallSocket, Store

MAX_GROUP = 256
"""Calls of one commit; keeps one group under about 10 ms."""

MAX_JOBS = 2_000
"""Records of the event loop that wait to be written; one more is refused."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that the event loop wants written."""

    records: tuple[AuditRecord, ...] = ()
    profiles: tuple[Profile, ...] = ()
    wishes: tuple[Wish, ...] = ()
    identifies: tuple[Identify, ...] = ()
    done: "asyncio.Future[None] | None" = None


@dataclass(slots=True)
class GatewayFigures:
    """What the gateway has done since it started; read by other threads, written by this one."""

    calls: int = 0
    commits: int = 0
    failed_commits: int = 0


class ToolGateway:
    """Owns the tool socket and the store, in a thread of its own.

    Args:
        socket: where calls come from.
        store: what is stored.
        desk: serves one call.
        observe: told of each call's method duration in seconds, for the metrics.
    """

    def __init__(
        self,
        socket: CallSocket[Any],
        store: Store,
        desk: ToolDesk,
        *,
        observe: Callable[[Principal, float], None],
    ) -> None:
        self._socket = socket
        self._store = store
        self._desk = desk
        self._observe = observe
        self._jobs: queue.Queue[Job] = queue.Queue(MAX_JOBS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tool-gateway", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.figures = GatewayFigures()

    def start(self) -> None:
        """Start the thread; `write` then serves the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    async def write(
        self, *records: AuditRecord, profiles: tuple[Profile, ...] = (), wishes: tuple[Wish, ...] = ()
    ) -> None:
        """Have records written by the next commit and wait for it.

        Raises:
            OutsideError: too many wait already, or the commit failed.
        """
        done = asyncio.get_running_loop().create_future()
        try:
            self._jobs.put_nowait(Job(records, profiles, wishes, done=done))
        except queue.Full:
            raise OutsideError(f"{MAX_JOBS} records wait to be written", retry_after_s=1.0) from None
        self._socket.ring()
        await done

    def note(self, identify: Identify) -> None:
        """Have an identify written by the next commit, without waiting for it."""
        try:
            self._jobs.put_nowait(Job(identifies=(identify,)))
        except queue.Full:
            log.error("identify_not_noted", why=f"{MAX_JOBS} records wait to be written")
            return
        self._socket.ring()

    def stop(self) -> None:
        """Write what waits, then end the thread and close its socket and store."""
        self._stopping.set()
        self._socket.ring()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._socket.wait()
                self._turn()
            self._turn()
        except Exception as error:  # noqa: BLE001 - border of the thread: it must not die in silence
            log.opt(exception=error).critical("tool_gateway_died")
        finally:
            self._socket.close()
            self._store.close()

    def _turn(self) -> None:
        """One group: receive, serve, commit, answer."""
        incoming = self._socket.receive(MAX_GROUP)
        jobs = self._take_jobs()
        if not incoming and not jobs:
            return
        began = time.perf_counter()
        batch = Batch(self._store)
        try:
            now_us = time.time_ns() // 1000
            answers = [self._desk.serve(one.frame, one.principal, batch, now_us=now_us) for one in incoming]
            for job in jobs:
                _add(batch, job)
            self._store.write(batch.changes)
        except OutsideError as error:
            self.figures.failed_commits += 1
            log.error("commit_failed", why=str(error), calls=len(incoming))
            answers = [unavailable_frame(one.frame, error) for one in incoming]
            self._settle(jobs, error)
        else:
            self.figures.commits += 1
            self._settle(jobs, None)
        for one, answer in zip(incoming, answers, strict=True):
            self._socket.answer(one, answer)
            self._observe(one.principal, time.perf_counter() - began)
        self.figures.calls += len(incoming)

    def _take_jobs(self) -> list[Job]:
        jobs: list[Job] = []
        while len(jobs) < MAX_GROUP:
            try:
                jobs.append(self._jobs.get_nowait())
            except queue.Empty:
                break
        return jobs

    def _settle(self, jobs: list[Job], error: DroasError | None) -> None:
        """Tell those who wait on the event loop how it went."""
        if self._loop is None or self._loop.is_closed():
            return
        for job in jobs:
            if job.done is not None:
                self._loop.call_soon_threadsafe(_settle_one, job.done, error)


def _add(batch: Batch, job: Job) -> None:
    for record in job.records:
        batch.record(record)
    batch.changes.identifies.extend(job.identifies)
    for wish in job.wishes:
        batch.changes.wishes[wish.bot] = wish
    for profile in job.profiles:
        known = batch.profile(profile.guild_id, profile.user_id)
        first_seen_us = known.first_seen_us if known else profile.first_seen_us
        warnings = profile.warnings + (known.warnings if known else 0)
        batch.changes.profiles[profile.guild_id, profile.user_id] = Profile(
            guild_id=profile.guild_id,
            user_id=profile.user_id,
            display_name=profile.display_name or (known.display_name if known else ""),
            first_seen_us=first_seen_us,
            warnings=warnings,
        )


def _settle_one(done: "asyncio.Future[None]", error: DroasError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
