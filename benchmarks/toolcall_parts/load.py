"""Offers calls as it is told on standard input, and tells what became of them on standard output.

A line in: `{"in_flight": 10, "seconds": 0.5}` keeps so many calls in flight; `{"rate": 200, "seconds": 2}`
offers calls at random instants, so many a second, whether or not the ones before are answered. A line out:
`{"micros": [...], "seconds": 0.5, "errors": 0}`. In the second case the time counts from the instant at
which a call was due.

Stands alone: it also runs in the rivals' environment, where nothing of DROAS is.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

MEMBERS = 50
"""Members of the group in which coins move."""

Call = Callable[[int], Awaitable[None]]
Connect = Callable[[], Awaitable[Call]]


def transfer_of(number: int) -> tuple[str, str]:
    """Give who sends a coin in this call, and who gets it."""
    return str(10 + number % MEMBERS), str(10 + (number * 7 + 1) % MEMBERS)


def run(connect: Connect) -> None:
    """Serve commands until standard input ends."""
    try:
        loop: Any = __import__("uvloop").new_event_loop
    except ImportError:
        loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(_serve(connect))


async def _serve(connect: Connect) -> None:
    call = await connect()
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await _window(call, **json.loads(line))), flush=True)


async def _window(
    call: Call, *, seconds: float, in_flight: int | None = None, rate: float | None = None
) -> dict[str, Any]:
    load = Load(call)
    began = time.perf_counter()
    if rate is not None:
        await load.open(rate, began + seconds)
    else:
        await load.closed(in_flight or 1, began + seconds)
    return {"micros": load.micros, "seconds": time.perf_counter() - began, "errors": load.errors}


class Load:
    """Calls, and how long they took.

    Args:
        call: makes one call, of this number.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._number = random.randrange(10**6) * 1000
        self.micros: list[int] = []
        self.errors = 0

    async def closed(self, in_flight: int, end: float) -> None:
        """Keep so many calls in flight until the end."""
        await asyncio.gather(*(self._worker(end) for _ in range(in_flight)))

    async def open(self, rate: float, end: float) -> None:
        """Offer so many calls a second until the end, and wait for all."""
        due = time.perf_counter()
        async with asyncio.TaskGroup() as calls:
            while (due := due + random.expovariate(rate)) < end:
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                calls.create_task(self._one(due))

    async def _worker(self, end: float) -> None:
        while (began := time.perf_counter()) < end:
            await self._one(began)

    async def _one(self, since: float) -> None:
        self._number += 1
        try:
            await self._call(self._number)
        except Exception as fault:  # noqa: BLE001 - border of the window: every kind of failure is counted
            if not self.errors:
                print(repr(fault), file=sys.stderr, flush=True)
            self.errors += 1
            return
        self.micros.append(round((time.perf_counter() - since) * 1e6))
