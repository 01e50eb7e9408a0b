"""A witness of disturbances: a thread that wants nothing but to wake on time."""

import threading
import time
from typing import Self

_TICK_S = 0.005
LATE_S = 0.03
"""Woken so much too late, it saw others take the processor; a window in which it did is measured again."""


class Witness:
    """Watches from `with` to its end."""

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def begin(self) -> None:
        """Begin a window."""
        self._worst_s = 0.0

    @property
    def disturbed(self) -> bool:
        """Whether this window was disturbed."""
        return self._worst_s > LATE_S

    def _watch(self) -> None:
        while not self._ended.is_set():
            due = time.monotonic() + _TICK_S
            time.sleep(_TICK_S)
            self._worst_s = max(self._worst_s, time.monotonic() - due)
