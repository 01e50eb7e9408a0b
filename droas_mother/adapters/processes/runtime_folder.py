"""The mother's folders: sockets and locks in one, data in the other, both for her user only."""

import fcntl
import os
from pathlib import Path

from droas_common.errors import ConfigurationError, ExitCode, OutsideError
from droas_common.life_record import Beacon, read_beacon, start_ticks, written
from droas_common.settings import Endpoints
from droas_mother.adapters.durable_files import give, make_folder

_LONGEST_SOCKET_PATH = 107
"""Bytes of a Unix socket's path (unix(7): sun_path has 108 with its end)."""


class AlreadyRunningError(ConfigurationError):
    """Another mother uses these folders."""

    exit_code = ExitCode.TEMPORARY


class RuntimeFolder:
    """Makes the folders, and holds the lock that keeps a second mother out.

    Args:
        runtime: sockets and locks.
        data: the database.
    """

    def __init__(self, runtime: Path, data: Path) -> None:
        self.runtime = runtime.absolute()
        self.data = data.absolute()
        self.backups = self.data / "backups"
        self.locks = self.runtime / "locks"
        self.admin_socket = self.runtime / "droas.sock"
        self.beacon = self.runtime / "mother.json"
        self._lock: int | None = None
        self._lit: Beacon | None = None

    def prepare(self) -> None:
        """Make the folders and take the lock.

        Raises:
            ConfigurationError: a folder cannot be made, or its path is too long for a socket.
            AlreadyRunningError: another mother holds the lock.
            OutsideError: nothing can be written there.
        """
        os.umask(0o077)
        try:
            for folder in (self.runtime, self.locks, self.data):
                make_folder(folder)
            self.runtime.chmod(0o700)
        except OSError as error:
            raise ConfigurationError(
                f"{error.filename}: the folder cannot be made ({error.strerror}); set runtime_dir and data_dir"
            ) from error
        longest = len(os.fsencode(self.runtime / "health.sock"))
        if longest > _LONGEST_SOCKET_PATH:
            raise ConfigurationError(
                f"{self.runtime}: the path is too long for sockets; choose a shorter runtime_dir"
            )
        self._take_lock()

    def endpoints(self) -> Endpoints:
        """Give the addresses of the ZeroMQ sockets."""
        return Endpoints(
            **{name: f"ipc://{self.runtime / name}.sock" for name in ("tools", "events", "health", "logs")}
        )

    def light_beacon(self, server_key: str) -> None:
        """Let the children of an earlier mother find this one; in one step, so that nobody reads half of it.

        Raises:
            OutsideError: it cannot be written.
        """
        pid = os.getpid()
        self._lit = Beacon(pid=pid, start_ticks=start_ticks(pid) or 0, server_key=server_key)
        fresh = self.beacon.with_suffix(".new")
        try:
            fresh.write_bytes(written(self._lit))
            fresh.replace(self.beacon)
        except OSError as error:
            raise _unwritable(self.beacon, error) from error

    def keep_beacon(self) -> None:
        """Light it again when somebody has taken it away; the children would take this mother for dead.

        Raises:
            OutsideError: it cannot be written.
        """
        if self._lit is not None and read_beacon(self.beacon) != self._lit:
            self.light_beacon(self._lit.server_key)

    def release(self) -> None:
        """Give the lock back."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take_lock(self) -> None:
        path = self.runtime / "mother.lock"
        try:
            handle = self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            give(handle, self.runtime)
            os.truncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        except BlockingIOError:
            pid = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
            self.release()
            raise AlreadyRunningError(
                f"{path}: a mother (pid {pid}) runs here already; stop her first"
            ) from None
        except OSError as error:
            self.release()
            raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutsideError:
    return OutsideError(
        f"{path}: cannot be written ({error.strerror}); make room there, or set another runtime_dir"
    )
