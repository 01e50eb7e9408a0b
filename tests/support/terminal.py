"""A real terminal for programs under test."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
from pathlib import Path
from typing import Self

STEP_S = 10.0


class Terminal:
    """A program on a pseudo-terminal of 100 columns and 30 lines.

    Args:
        arguments: the program and what it is given.
        environment: what is added to ours.
    """

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self._arguments = [str(one) for one in arguments]
        self._environment = {**os.environ, "TERM": "xterm", **environment}
        for name in ("NO_COLOR", "COLUMNS"):
            if name not in environment:
                self._environment.pop(name, None)
        self._news = asyncio.Event()
        self.text = ""

    async def __aenter__(self) -> Self:
        self._ours, self._theirs = pty.openpty()
        self.resize(columns=100, lines=30)
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            env=self._environment,
            start_new_session=True,
        )
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    async def until(self, words: str) -> str:
        """Wait until this has been written; gives all that was."""
        async with asyncio.timeout(STEP_S):
            while words not in self.text:
                self._news.clear()
                await self._news.wait()
        return self.text

    async def ends(self) -> int:
        """Wait for the end; gives the exit code."""
        async with asyncio.timeout(STEP_S):
            code = await self._process.wait()
        self._read()
        return code

    def write(self, keys: str) -> None:
        """Press keys."""
        os.write(self._ours, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def resize(self, *, columns: int, lines: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        process = getattr(self, "_process", None)
        if process is not None:
            process.send_signal(signal.SIGWINCH)

    def echoes(self) -> bool:
        """Whether the terminal is in its usual mode: what is typed is shown, a line at a time."""
        modes = termios.tcgetattr(self._theirs)[3]
        return bool(modes & termios.ECHO and modes & termios.ICANON)

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.text += data.decode(errors="replace")
        except OSError:
            pass
        self._news.set()
