"""The mother looks at herself and at her children: what they use, and how late her own loop is."""

import asyncio
import os
import time
from collections.abc import Callable

from droas_mother.core.supervision.usage import Usage
from droas_mother.flows.supervision.supervisor import Supervisor
from droas_mother.ports import ProbeDesk

_BEAT_S = 0.5
MAX_LAG_S = 10.0
"""A loop later than this is not alive for a service manager."""


class Monitoring:
    """Samples regularly.

    Args:
        supervisor: the bots.
        probes: looks at processes.
        interval_s: seconds between two looks at the processes.
        on_sample: told after every look.
    """

    def __init__(
        self, supervisor: Supervisor, probes: ProbeDesk, *, interval_s: float, on_sample: Callable[[], None]
    ) -> None:
        self._supervisor = supervisor
        self._probes = probes
        self.interval_s = interval_s
        self._on_sample = on_sample
        self.lag_s = 0.0
        self.own: Usage | None = None

    async def run(self) -> None:
        """Sample until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._measure_lag(), name="measure-lag")
            group.create_task(self._look(), name="probe")

    async def _measure_lag(self) -> None:
        while True:
            due = time.monotonic() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self.lag_s = max(0.0, time.monotonic() - due)

    async def _look(self) -> None:
        while True:
            # /proc/<pid>/smaps takes milliseconds a process: not on the loop.
            used = await asyncio.to_thread(self._probes.look, self._supervisor.pids() | {os.getpid()})
            self.own = used.get(os.getpid())
            self._supervisor.see(used)
            self._on_sample()
            await asyncio.sleep(self.interval_s)
