"""Memory that a process and those forked from it go on sharing, because nobody writes into it any longer.

A forked child shares every page of its parent until one of the two writes into it. CPython and the C library
write in four ways, and each has its cure here: reference counts (objects are made immortal), new objects in
the holes between old ones (holes are filled), counters in code (`restless_code`), and the garbage collector's
marks (objects are frozen). Ten children take 90 MiB less together.
"""

import ctypes
import gc
import sys
from collections.abc import Callable
from functools import partial
from itertools import filterfalse
from types import CodeType, FrameType, FunctionType

from droas_common.restless_code import Marks, gather_restless

_IMMORTAL = 0xFFFFFFFF
"""The reference count that CPython 3.12 and 3.13 never change (PEP 683)."""

_POOL, _POOL_HEAD, _LARGEST_BLOCK = 16 * 1024, 48, 512
"""pymalloc's pools in CPython 3.12 and 3.13: their size, their head, the largest block in them; bytes."""

_BYTES_HEAD = 33
_LARGEST_PIECE = 8 * 1024
_MOST_BLOCKS = 200_000
"""Where the allocator is another one than expected, filling ends here."""

_CONTAINERS = frozenset({tuple, dict})
"""Containers that the collector does not follow when they hold only simple values."""

_M_ARENA_MAX = -8
_kept: list[object] = []


def share_pages(before: Marks) -> None:
    """Leave memory as it should be when it is forked from.

    No object that is there now is ever deleted, so this belongs to a moment when only what is needed for good
    is there.

    Args:
        before: how all code looked when it had run once; what has changed since is restless.
    """
    gc.collect()
    if sys.implementation.name == "cpython" and _is_immortal(None):
        _make_all_immortal()
        _fill_holes()
        gather_restless(before)
    else:
        _fill_holes()
    gc.freeze()


def _fill_holes() -> None:
    """Take all that is free between what is in use, for good: new objects then come from fresh pages."""
    _kept.extend(_fill_pools())
    _fill_heap()


def _fill_pools() -> list[object]:
    """Take every free block of Python's own allocator; gives what must be kept for that.

    It begins a new pool only when no other of that size has a free block (CPython, Objects/obmalloc.c), so an
    object that stands first in its pool says that all holes of its size are filled.
    """
    kept: list[object] = []
    makers: list[Callable[[], object]] = [object, lambda: complex(1, 2)]
    makers += [partial(bytes, size - _BYTES_HEAD) for size in range(48, _LARGEST_BLOCK + 1, 16)]
    for make in makers:
        for _ in range(_MOST_BLOCKS):
            block = make()
            if id(block) % _POOL == _POOL_HEAD:
                break
            kept.append(block)
    return kept


def _fill_heap() -> None:
    """Take every free piece of the C library's heap, the large ones first; threads get no heaps of their own."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
    libc.free.argtypes = (ctypes.c_void_p,)
    libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, (ctypes.c_ssize_t,)
    libc.mallopt(_M_ARENA_MAX, 1)
    libc.malloc_trim(0)
    top = libc.sbrk(0)
    for size in range(_LARGEST_PIECE, 0, -16):
        for _ in range(_MOST_BLOCKS):
            piece = libc.malloc(size)
            if piece is None or piece >= top:  # a fresh one: no hole of this size is left
                libc.free(piece)
                break


def _make_all_immortal() -> None:
    """Make every object immortal that is there, with what only they refer to."""
    things: list[object] = [thing for thing in gc.get_objects() if not isinstance(thing, FrameType)]
    things += _code_of(things)
    while things:
        _make_immortal(things)
        # The collector does not know of simple values, nor of containers that hold nothing else.
        leaves = list(filterfalse(gc.is_tracked, gc.get_referents(*things)))
        things = [one for one in leaves if type(one) in _CONTAINERS and not _is_immortal(one)]
        _make_immortal(leaves)


def _code_of(things: list[object]) -> list[object]:
    """Give the code of the functions among these, with what it refers to, which the collector never tells."""
    found: list[object] = []
    waiting = [thing.__code__ for thing in things if isinstance(thing, FunctionType)]
    while waiting:
        code = waiting.pop()
        found += (code, code.co_names, code.co_consts, code.co_name, code.co_qualname)
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return found


def _make_immortal(things: list[object]) -> None:
    """Give these objects a reference count that never changes."""
    for count in map(_count_at, map(id, things)):
        count.value = _IMMORTAL


def _is_immortal(thing: object) -> bool:
    return _count_at(id(thing)).value == _IMMORTAL


_count_at = ctypes.c_uint32.from_address
"""Gives the reference count of the object at a place: its first four bytes."""
