"""HTTP over the mother's Unix socket, with nothing but the standard library, so that droasctl starts at once."""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import quote

_TIMEOUT_S = 10.0


class NoMotherError(Exception):
    """No mother answers on the socket; the text says where it was looked for and what to do."""


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("droas", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Client:
    """Asks the mother.

    Args:
        socket_path: her admin socket.
    """

    def __init__(self, socket_path: Path) -> None:
        self._socket_path = socket_path

    def ask(self, method: str, path: str, *, timeout_s: float = _TIMEOUT_S) -> tuple[int, Any]:
        """Send one request; gives the HTTP status and the JSON value.

        Raises:
            NoMotherError: nobody answers, or not in time.
        """
        connection = _UnixConnection(self._socket_path, timeout_s)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except (FileNotFoundError, ConnectionRefusedError):
            raise NoMotherError(
                f"no mother runs: nobody answers at {self._socket_path}; start her with "
                "`systemctl start droas-mother` or `droas-mother --config configs/`"
            ) from None
        except PermissionError:
            raise NoMotherError(
                f"{self._socket_path} belongs to another user; run droasctl as the mother's user or as root"
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoMotherError(
                f"the mother at {self._socket_path} does not answer properly: {error}"
            ) from None
        finally:
            connection.close()


def bot_path(name: str, *rest: str) -> str:
    """Give the path of a bot in the admin interface."""
    return "/".join(["/v1/bots", quote(name, safe=""), *rest])


def find_socket(given: str | None) -> Path:
    """Give the admin socket: as named, by DROAS_RUNTIME_DIR, in ./run, or where the system service has it."""
    if given:
        return Path(given)
    named = os.environ.get("DROAS_RUNTIME_DIR")
    if named:
        return Path(named) / "droas.sock"
    local = Path("run/droas.sock")
    return local if local.exists() else Path("/run/droas/droas.sock")
