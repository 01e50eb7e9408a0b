"""Imported once in the forkserver: what every child needs is there when it is forked, and stays shared.

Nothing here may start a thread, a loop or a socket. The freeze keeps the garbage collector from touching,
and so from copying, the pages that all children share.
"""

import gc
from importlib import import_module

import droas_child.worker  # noqa: F401 - imported for its effect: the pages are shared

for _name in (
    "uvloop",
    "encodings.idna",
    "httpcore._async.http11",
    "httpcore._backends.anyio",
    "anyio._backends._asyncio",
):
    try:
        import_module(_name)
    except ImportError:
        continue

gc.collect()
gc.freeze()
