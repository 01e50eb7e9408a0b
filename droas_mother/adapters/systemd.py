"""Telling systemd how the mother is (sd_notify(3)); does nothing where systemd did not start her."""

import os
import socket
from contextlib import suppress


class Notifier:
    """Sends words to the service manager named by NOTIFY_SOCKET."""

    def __init__(self) -> None:
        # Left in the environment for the mother who may follow in this process; NotifyAccess=main keeps children out.
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]

    @property
    def watchdog_interval_s(self) -> float | None:
        """Seconds between signs of life, half of what the unit allows; None when nobody watches."""
        microseconds = os.environ.get("WATCHDOG_USEC", "")
        return int(microseconds) / 2e6 if microseconds.isdigit() and self._address else None

    def tell(self, *lines: str) -> None:
        """Send assignments such as READY=1; a manager that is gone is no error."""
        if not self._address:
            return
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), self._address)
