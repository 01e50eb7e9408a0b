"""Servers and clients in processes of their own, and how much of the machine others took meanwhile."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

PARTS = Path(__file__).parent
_TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """One program that says that it is there on its first line, and then answers line by line.

    Args:
        python: the interpreter.
        script: its file's name, beside this one.
        arguments: its arguments.
        environment: what is added to ours.
    """

    def __init__(
        self, python: str, script: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        paths = f"{PARTS.parent}:{PARTS.parents[1]}"
        self._script = script
        self._process = subprocess.Popen(
            [python, str(PARTS / script), *arguments],
            env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.greeting = self._line()

    def tell(self, command: object) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """Wait for a line."""
        return json.loads(self._line())

    def end(self) -> None:
        """End it; nothing of it is worth keeping."""
        self._process.kill()
        self._process.wait()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._script} ended early")
        return line


class Machine:
    """Tells how much of the processors others took during a window.

    Args:
        ours: processes that belong to the benchmark, with all their children.
    """

    def __init__(self, ours: list[int]) -> None:
        self._ours = [*ours, os.getpid()]
        self._before = self._look()

    def others(self) -> float:
        """Give the part of all processors' time that others had since the beginning, 0 to 1."""
        busy, whole, own = (after - before for after, before in zip(self._look(), self._before, strict=True))
        return max(0.0, busy - own) / whole if whole else 0.0

    def _look(self) -> tuple[float, float, float]:
        fields = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle = fields[3] + fields[4]
        whole = sum(fields) / _TICKS
        return whole - idle / _TICKS, whole, sum(map(_cpu_s, self._ours))


def _cpu_s(pid: int) -> float:
    """Give the processor seconds of a process and its children."""
    try:
        family = [psutil.Process(pid)]
        family += family[0].children() if pid != os.getpid() else []
        return sum(sum(one.cpu_times()[:2]) for one in family)
    except psutil.Error:
        return 0.0


def python() -> str:
    """Give our own interpreter."""
    return sys.executable
