"""The event loop of every DROAS process: uvloop where it is built, asyncio's own elsewhere."""

import asyncio
from importlib import import_module


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Make a loop, for `asyncio.Runner(loop_factory=…)`."""
    try:
        uvloop = import_module("uvloop")
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
