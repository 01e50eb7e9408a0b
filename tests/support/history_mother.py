"""A whole mother, without bots, whose tools are called by external clients; she is killed and started again."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from droas_mother.ctl.client import Client, NoMotherError, RefusedError

_BIN = Path(sys.executable).parent
_START_S = 20.0
_FILE = """\
http: {port: 0}
economy: {opening_balance: 200, user_daily_limit: 1000000000, guild_daily_limit: 1000000000}
tools: {caller_rate: {per_s: 100000, burst: 100000}}
"""


class WholeMother:
    """Starts her, and admits callers.

    Args:
        folder: configuration, sockets, data and log; its path must be short.
        url: the database.
        more: variables for her.
    """

    def __init__(self, folder: Path, url: str, **more: str) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "DROAS_RUNTIME_DIR": str(folder / "run"),
            "DROAS_DATA_DIR": str(folder / "data"),
            "DROAS_STORAGE__URL": url,
            **more,
        }
        (folder / "configs/bots").mkdir(parents=True)
        (folder / "configs/droas.yaml").write_text(_FILE)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start her; nobody waits until she answers."""
        command = [_BIN / "droas-mother", "--config", str(self._folder / "configs")]
        with (self._folder / "mother.log").open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def admit(self, names: list[str]) -> dict[str, Any]:
        """Add these callers as clients; gives what they must know to call."""
        credentials = {name: self.credential(name) for name in names}
        some = credentials[names[0]]
        return {
            "endpoint": some["endpoint"],
            "beacon": some["beacon"],
            "callers": {
                name: {"public_key": one["public_key"], "secret_key": one["secret_key"], "server_key": ""}
                for name, one in credentials.items()
            },
        }

    def credential(self, name: str) -> Any:
        """Add a client, as soon as she can; gives its credential."""
        deadline = time.monotonic() + _START_S
        while True:
            try:
                with Client(self._folder / "run/droas.sock") as client:
                    return client.post("/v1/clients", body={"name": name, "tools": ["economy.*"]})
            except (NoMotherError, RefusedError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def server_key(beacon: str) -> str:
    """Give the key of the mother who was there last."""
    return str(json.loads(Path(beacon).read_text())["server_key"])
