"""What the forkserver preloads is light and quiet."""

import subprocess
import sys

_LOOK = """
import sys, threading, gc, os
import droas_child.preload
heavy = {"sqlalchemy", "alembic", "psycopg", "watchdog", "prometheus_client", "ruamel", "psutil", "re2", "aiohttp.web"}
print(sorted(heavy & set(sys.modules)))
print(threading.active_count(), len(os.listdir("/proc/self/task")), gc.get_freeze_count() > 10000)
print(droas_child.preload.rehearsed, sys.getrefcount(droas_child.worker.run) > 2**31)
print([name for name in sys.modules if name.startswith(("droas_mother", "droas_sandbox"))])
print([os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
       if os.path.exists(f"/proc/self/fd/{fd}") and "socket" in os.readlink(f"/proc/self/fd/{fd}")])
"""


def test_the_preload_is_light_and_starts_nothing() -> None:
    """No database, no watcher, no thread, no socket; a bot was rehearsed, and what it used is there for good."""
    told = subprocess.run(
        [sys.executable, "-c", _LOOK], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    assert told.stdout.splitlines() == ["[]", "1 1 True", "True True", "[]", "[]"]
