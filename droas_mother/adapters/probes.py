"""What a process uses, as the system tells it."""

from contextlib import suppress

import psutil

from droas_mother.core.supervision.usage import Usage


class Probes:
    """Looks at processes by pid; remembers them for the CPU figures."""

    def __init__(self) -> None:
        self._known: dict[int, psutil.Process] = {}

    def look(self, pids: frozenset[int]) -> dict[int, Usage]:
        """Give what these processes use; the vanished are left out. Reads /proc, about 2 ms each."""
        self._known = {pid: process for pid, process in self._known.items() if pid in pids}
        found: dict[int, Usage] = {}
        for pid in pids:
            with suppress(psutil.Error):
                process = self._known.get(pid)
                if process is None or not process.is_running():
                    process = self._known[pid] = psutil.Process(pid)
                found[pid] = _usage(process)
        return found


def _usage(process: psutil.Process) -> Usage:
    memory = process.memory_full_info()
    with process.oneshot():
        return Usage(
            pss_bytes=memory.pss,
            uss_bytes=memory.uss,
            cpu_percent=process.cpu_percent(),
            open_files=process.num_fds(),
            threads=process.num_threads(),
            status=process.status(),
        )
