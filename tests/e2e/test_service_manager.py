"""The mother under a service manager: ready, alive, stopping, each said when it is true."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest

from tests.support.town import town

pytestmark = pytest.mark.slow


async def test_the_service_manager_is_told(short_tmp: Path) -> None:
    """READY comes when all has started, WATCHDOG from the event loop again and again, STOPPING at the end."""
    path = short_tmp / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        async with town(short_tmp, start=False) as place:
            place.environment |= {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"}
            await place.start_mother()
            async with asyncio.timeout(20):
                assert b"READY=1" in await loop.sock_recv(manager, 4096)
                for _ in range(3):
                    assert await loop.sock_recv(manager, 4096) == b"WATCHDOG=1"
            assert await place.stop_mother() == 0
            said = b""
            async with asyncio.timeout(5):
                while b"STOPPING=1" not in said:
                    said = await loop.sock_recv(manager, 4096)


async def test_an_upgrade_is_a_reload_for_the_service_manager(short_tmp: Path) -> None:
    """The new mother in the same process says READY again; nothing says that the service stops."""
    path = short_tmp / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.setblocking(False)
        loop = asyncio.get_running_loop()
        async with town(short_tmp, start=False) as place:
            place.environment |= {"NOTIFY_SOCKET": str(path), "DROAS_SUPERVISION__LIVE_RESTORE": "true"}
            await place.start_mother()
            assert place.process is not None
            async with asyncio.timeout(30):
                assert b"READY=1" in await loop.sock_recv(manager, 4096)
                await place.all_ready()
                place.process.send_signal(signal.SIGUSR2)
                assert b"RELOADING=1" in await loop.sock_recv(manager, 4096)
                assert b"READY=1" in await loop.sock_recv(manager, 4096)
            await place.all_ready()
