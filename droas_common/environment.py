"""What a process keeps of its environment: a bot needs little of it, and the mother's holds the secrets of all.

A variable that is deleted still stands in the memory that exec has filled, which `/proc/PID/environ` shows and
every fork inherits; so it is overwritten there, too.

Source: proc(5), `/proc/PID/environ` and fields 50 and 51 of `/proc/PID/stat`; madvise(2), MADV_DONTFORK.
"""

import ctypes
import mmap
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NEEDED = re.compile(
    rb"PATH|HOME|TMPDIR|TZ|TZDIR|LANG|LANGUAGE|LC_[A-Z]+|PYTHON[A-Z]+|SSL_CERT_(FILE|DIR)|OPENSSL_CONF"
    rb"|RES_OPTIONS|LOCALDOMAIN"
)
"""Paths, time, language, Python, certificates, names of hosts. Python's own variables have no underscore, but that
of a bot called python has."""

_ENTRY = re.compile(rb"([^=\0]*)[^\0]*\0")


def forget() -> None:
    """Keep what every process needs, and nothing else."""
    for name in _unneeded():
        del os.environb[name]
    _overwrite()


@contextmanager
def set_aside() -> Iterator[None]:
    """Forget for as long as this lasts what only this process needs; whoever is forked meanwhile never has it.

    No other thread may run yet.
    """
    size = sum(len(name) + len(os.environb[name]) + 2 for name in _unneeded())
    with mmap.mmap(-1, size + 1) as memory:
        memory.madvise(mmap.MADV_DONTFORK)
        for name in _unneeded():
            memory.write(b"%b=%b\0" % (name, os.environb[name]))
        forget()
        try:
            yield
        finally:
            for entry in memory[:size].split(b"\0")[:-1]:
                name, _, value = entry.partition(b"=")
                os.environb[name] = value


def _unneeded() -> list[bytes]:
    return [name for name in os.environb if not _NEEDED.fullmatch(name)]


def _overwrite() -> None:
    after_name = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
    start, end = int(after_name[47]), int(after_name[48])
    for entry in _ENTRY.finditer((ctypes.c_char * (end - start)).from_address(start)):
        if not _NEEDED.fullmatch(entry[1]):
            ctypes.memset(start + entry.start(), 0, entry.end() - entry.start())
