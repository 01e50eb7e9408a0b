"""Memory that a process and those forked from it go on sharing, because nobody writes into it any longer."""

import ctypes
import gc
import sys
from collections.abc import Iterable
from types import CodeType, FrameType, FunctionType

_IMMORTAL = 0xFFFFFFFF
"""The reference count that CPython 3.12 and 3.13 never change (PEP 683)."""

_HOLDERS = (dict, tuple, list, type, FunctionType)
_LEAVES = (str, bytes, int, float, tuple)
"""What the collector does not know, for it refers to nothing, but names and constants are made of."""


def share_pages() -> None:
    """Make all objects of this process immortal and frozen, shortly before it forks.

    Without it every call of a function and every use of a name writes a reference count into its page, and
    the kernel copies the page: 6 MiB a child. An object so treated is never deleted, so this belongs to a
    moment when only what is needed for good is there.
    """
    gc.collect()
    if sys.implementation.name == "cpython" and _count_at(id(None)).value == _IMMORTAL:
        things = [thing for thing in gc.get_objects() if not isinstance(thing, FrameType)]
        _make_immortal(things)
        _make_immortal(thing.__code__ for thing in things if isinstance(thing, FunctionType))
        for holder in things:
            if type(holder) in _HOLDERS:
                _make_immortal(leaf for leaf in gc.get_referents(holder) if type(leaf) in _LEAVES)
    gc.freeze()


def _make_immortal(things: Iterable[object]) -> None:
    """Give these objects a reference count that never changes; functions within functions come with code."""
    for thing in things:
        _count_at(id(thing)).value = _IMMORTAL
        if isinstance(thing, CodeType):
            _make_immortal((thing.co_names, thing.co_consts, thing.co_name, thing.co_qualname))
            _make_immortal(thing.co_names)
            _make_immortal(thing.co_consts)


_count_at = ctypes.c_uint32.from_address
"""Gives the reference count of the object at a place: its first four bytes."""
