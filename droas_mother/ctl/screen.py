"""The terminal as a screen of its own: drawn whole, left as it was found. Plain ANSI, nothing else."""

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Self

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?25h\x1b[?1049l"


class Screen:
    """The alternate screen, for the time of a `with`.

    Its size is asked for every frame, and a change of the window, SIGTERM or Ctrl-Z wakes `wait` at once.
    """

    def __init__(self) -> None:
        self._keys = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: list[Any] | None = None
        self._bell_out, self._bell_in = os.pipe()
        self._handlers: dict[int, Any] = {}
        self._ended = False

    def __enter__(self) -> Self:
        os.set_blocking(self._bell_in, False)
        os.set_blocking(self._bell_out, False)
        signal.set_wakeup_fd(self._bell_in, warn_on_full_buffer=False)
        for number, handler in (
            (signal.SIGWINCH, _do_nothing),
            (signal.SIGINT, self._end),
            (signal.SIGTERM, self._end),
            (signal.SIGHUP, self._end),
            (signal.SIGTSTP, self._suspend),
        ):
            self._handlers[number] = signal.signal(number, handler)
        self._take()
        return self

    def __exit__(self, *_: object) -> None:
        self._give_back()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._bell_in)
        os.close(self._bell_out)

    @staticmethod
    def size() -> tuple[int, int]:
        """Give columns and lines."""
        size = os.get_terminal_size(sys.stdout.fileno())
        return size.columns or 80, size.lines or 24

    @staticmethod
    def draw(lines: Sequence[str]) -> None:
        """Show these lines, and nothing else; they must fit."""
        sys.stdout.write("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
        sys.stdout.flush()

    def wait(self, seconds: float) -> str:
        """Wait so long, or until a key is pressed or the window changes; gives the keys.

        Raises:
            KeyboardInterrupt: a signal has asked for the end.
        """
        if self._ended:
            raise KeyboardInterrupt
        watched = [self._bell_out] + ([self._keys] if self._keys is not None else [])
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._bell_out in ready:
            os.read(self._bell_out, 1024)
        if self._keys is None or self._keys not in ready:
            return ""
        pressed = os.read(self._keys, 64)
        if not pressed:
            self._keys = None  # nobody is at the keyboard any longer
        return pressed.decode(errors="replace")

    def _take(self) -> None:
        if self._keys is not None:
            self._before = termios.tcgetattr(self._keys)
            tty.setcbreak(self._keys)
        sys.stdout.write(_ENTER)
        sys.stdout.flush()

    def _give_back(self) -> None:
        with suppress(OSError, termios.error):  # the terminal itself may have gone
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()
            if self._keys is not None and self._before is not None:
                termios.tcsetattr(self._keys, termios.TCSADRAIN, self._before)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        """Leave at once; where Python swallows that, as in a destructor, the next `wait` does it."""
        self._ended = True
        raise KeyboardInterrupt

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        """Give the terminal back while we are stopped."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """The wake-up is all that is wanted."""
