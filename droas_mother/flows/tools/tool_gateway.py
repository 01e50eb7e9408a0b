"""The gateway thread: the only writer, committing in groups.

It has no event loop, no timer and no queue hop. It takes what waits, in turn from every caller, serves it in
memory, commits once and answers; the commit in progress is the window in which the next group gathers.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from droas_common.errors import DefectError, DroasError, OutsideError
from droas_common.logs import log
from droas_common.wire.calls import ErrorCode, error_frame
from droas_mother.core.bookkeeping.books import Batch, Changes
from droas_mother.core.bookkeeping.records import AuditRecord, Hold, Identify, Row
from droas_mother.core.tools.fair_queue import FairQueue
from droas_mother.flows.tools.call_gate import error
from droas_mother.flows.tools.jobs import Job, add, settle
from droas_mother.flows.tools.reception import Reception
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.waiting_calls import GatewayFigures, Waiting
from droas_mother.ports import CallSocket, Store

MAX_GROUP = 256
"""Weight of one commit's calls; keeps one group under about 10 ms."""

MAX_TURN_BYTES = 512 * 1024
"""What is received in one turn, but for the rest of a frame."""

MAX_JOBS = 2_000
"""Records of the event loop that wait to be written; one more is refused."""

_LONGEST_WAIT_S, _FAILING_WAIT_S = 10.0, 3.0
"""How long the event loop waits for what it wants written; less when it is known that nothing can be, but longer than
SQLite waits for a lock."""


class ToolGateway:
    """Owns the tool socket and the store, in a thread of its own.

    Args:
        socket: where calls come from.
        store: what is stored.
        desk: serves one call.
        observe: told of each call: its caller, and the seconds from its arrival to its answer.
        on_audit: told after each commit in which decisions were written down.
        max_waiting: calls that may wait, by weight.
    """

    def __init__(
        self,
        socket: CallSocket[Any],
        store: Store,
        desk: ToolDesk,
        *,
        observe: Callable[[str, float], None],
        on_audit: Callable[[], None] = lambda: None,
        max_waiting: int = 4_096,
    ) -> None:
        self._socket = socket
        self._store = store
        self._desk = desk
        self._observe = observe
        self._on_audit = on_audit
        self._waiting: FairQueue[Waiting] = FairQueue(max_waiting)
        self._jobs: queue.Queue[Job] = queue.Queue(MAX_JOBS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tool-gateway", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.figures = GatewayFigures()
        self._reception = Reception(socket, self._waiting, self.figures)

    def start(self) -> None:
        """Start the thread; `write` then serves the running loop."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    async def write(
        self, *records: AuditRecord, rows: tuple[Row, ...] = (), expired: tuple[Hold, ...] = ()
    ) -> None:
        """Have something written by the next commit and wait for it.

        Raises:
            OutsideError: too many wait already, or the commit failed.
        """
        done = asyncio.get_running_loop().create_future()
        await self._put(Job(records=records, rows=rows, expired=expired, done=done), done)

    async def do[T](self, work: Callable[[Batch, int], T], *, last: bool = False) -> T:
        """Have something done within the next commit, `last` after all else in it; gives what it gave.

        Raises:
            OutsideError: too many wait already, or the commit failed.
        """
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        return await self._put(Job(work=work, last=last, done=done), done)

    async def _put[T](self, job: Job, done: "asyncio.Future[T]") -> T:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            raise OutsideError(f"{MAX_JOBS} records wait to be written", retry_after_s=1.0) from None
        self._socket.ring()
        wait_s = _FAILING_WAIT_S if self.figures.fault else _LONGEST_WAIT_S
        try:
            async with asyncio.timeout(wait_s):
                return await done
        except TimeoutError:
            words = f"the database has not answered for {wait_s:g} s; whether it was written is not known"
            self.figures.note_fault(words)
            raise OutsideError(words, retry_after_s=_FAILING_WAIT_S) from None

    def note(self, *, identifies: tuple[Identify, ...] = (), rows: tuple[Row, ...] = ()) -> None:
        """Have something written by the next commit, without waiting for it."""
        try:
            self._jobs.put_nowait(Job(identifies=identifies, rows=rows))
        except queue.Full:
            log.error("not_noted", why=f"{MAX_JOBS} records wait to be written")
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
                if not self._waiting:
                    self._socket.wait()
                self._turn()
            self._turn()
        except Exception as fault:  # noqa: BLE001 - border of the thread: it must not die in silence
            log.opt(exception=fault).critical("tool_gateway_died")
        finally:
            self._socket.close()
            self._store.close()

    def _turn(self) -> None:
        """One group: receive, serve, commit, answer."""
        for question in self._socket.receive(2 * MAX_GROUP, MAX_TURN_BYTES):
            self._reception.admit(question)
        group = self._waiting.take(MAX_GROUP)
        self.figures.waiting = len(self._waiting)
        jobs = [*self._take_jobs(), *self._withdrawn()]
        if not group and not jobs:
            return
        for one, answer in zip(group, self._commit(group, jobs), strict=True):
            self._socket.answer(one.question, answer)
        answered = time.perf_counter()
        for one in group:
            self._observe(one.question.principal.caller, answered - one.since)
        self.figures.calls += len(group)

    def _commit(self, group: list[Waiting], jobs: list[Job]) -> list[bytes]:
        """Serve a group and write it down; gives the answers."""
        batch = Batch(self._store)
        try:
            answers, given = self._serve(group, jobs, batch)
        except OutsideError as fault:
            if self.figures.note_fault(str(fault)):
                log.error("commit_failed", why=str(fault), calls=len(group))
            self._settle(jobs, [None] * len(jobs), fault)
            said = error(ErrorCode.UNAVAILABLE, str(fault), "unavailable", retry_after_ms=1000)
            return [error_frame(one.request.id, said) for one in group]
        except Exception as fault:  # noqa: BLE001 - border of the group: a defect of one is not the others' end
            if len(group) + len(jobs) > 1:
                answers = [answer for one in group for answer in self._commit([one], [])]
                for job in jobs:
                    self._commit([], [job])
                return answers
            log.opt(exception=fault).error("call_failed" if group else "job_failed")
            answers = [self._fail(one) for one in group]
            with suppress(DroasError):
                self._store.write(Changes())  # a job may have read something
            self._settle(jobs, [None] * len(jobs), DefectError(f"a defect of the mother: {fault!r}"))
            return answers
        if batch.changes:
            self.figures.note_written()
        self._settle(jobs, given, None)
        if batch.changes.audit:
            self._on_audit()
        return answers

    def _serve(self, group: list[Waiting], jobs: list[Job], batch: Batch) -> tuple[list[bytes], list[Any]]:
        """Do all in memory, then commit; gives the answers, and what the jobs gave."""
        now_us = time.time_ns() // 1000
        self._desk.expect(one.params for one in group)
        self._store.expect([key for one in group if (key := one.key) is not None])
        answers = [
            self._desk.serve(one.request, one.params, one.question.principal, batch, now_us=now_us)
            for one in group
        ]
        given = [add(job, batch, self._desk.expire, now_us) for job in jobs]
        self._desk.settle(batch.changes)
        self._store.write(batch.changes)
        return answers, given

    def _fail(self, one: Waiting) -> bytes:
        """Answer a call that cannot be written down because of a defect, and note that in the audit."""
        batch = Batch(self._store)
        now_us = time.time_ns() // 1000
        answer = self._desk.fail(one.request, one.params, one.question.principal, batch, now_us=now_us)
        with suppress(DroasError):  # the answer is the same when not even that can be written
            self._store.write(batch.changes)
        return answer

    def _withdrawn(self) -> list[Job]:
        """Give what is to be written of calls that their callers have taken back."""
        now_us = time.time_ns() // 1000
        return [
            Job(records=(self._desk.withdrawn(one.params, one.question.principal, now_us=now_us),))
            for one in self._reception.take_withdrawn()
            if one.params is not None
        ]

    def _take_jobs(self) -> list[Job]:
        jobs: list[Job] = []
        while len(jobs) < MAX_GROUP and not self._jobs.empty():
            job = self._jobs.get_nowait()
            if (
                job.done is None or not job.done.cancelled()
            ):  # who has given up has been told that it is not done
                jobs.append(job)
        return sorted(jobs, key=lambda job: job.last)

    def _settle(self, jobs: list[Job], given: list[Any], fault: DroasError | None) -> None:
        """Tell those who wait on the event loop how it went."""
        if self._loop is None or self._loop.is_closed():
            return
        for job, value in zip(jobs, given, strict=True):
            if job.done is not None:
                self._loop.call_soon_threadsafe(settle, job.done, value, fault)
