"""zerorpc on gevent: `python zerorpc_rival.py server|client ENDPOINT`; reads and tells what `load.py` does."""

import json
import random
import sys
import time
from importlib import import_module
from typing import Any

from toolcall_parts.bank import transfer
from toolcall_parts.load import transfer_of

gevent: Any = import_module("gevent")
zerorpc: Any = import_module("zerorpc")


class Bank:
    """What is served."""

    def transfer(self, source: str, target: str, amount: int) -> dict[str, str | int]:
        """Move coins and tell the new balance."""
        return transfer(source, target, amount)


def serve(endpoint: str) -> None:
    """Serve until killed."""
    server = zerorpc.Server(Bank())
    server.bind(endpoint)
    print("ready", flush=True)
    server.run()


class Load:
    """Calls over one client, and how long they took."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._number = random.randrange(10**6)
        self.micros: list[int] = []
        self.errors = 0

    def one(self, since: float) -> None:
        """Make one call."""
        self._number += 1
        try:
            self._client.transfer(*transfer_of(self._number), 1)
        except Exception:  # noqa: BLE001 - border of the window: every kind of failure is counted
            self.errors += 1
            return
        self.micros.append(round((time.perf_counter() - since) * 1e6))

    def closed(self, in_flight: int, end: float) -> None:
        """Keep so many calls in flight until the end."""

        def worker() -> None:
            while (began := time.perf_counter()) < end:
                self.one(began)

        gevent.joinall([gevent.spawn(worker) for _ in range(in_flight)])

    def open(self, rate: float, end: float) -> None:
        """Offer so many calls a second until the end, and wait for all."""
        due, calls = time.perf_counter(), []
        while (due := due + random.expovariate(rate)) < end:
            gevent.sleep(max(0.0, due - time.perf_counter()))
            calls.append(gevent.spawn(self.one, due))
        gevent.joinall(calls)


def drive(endpoint: str) -> None:
    """Serve commands until standard input ends."""
    client = zerorpc.Client(timeout=10)
    client.connect(endpoint)
    print("ready", flush=True)
    read = import_module("gevent.fileobject").FileObject(sys.stdin)
    while line := read.readline():
        asked = json.loads(line)
        load, began = Load(client), time.perf_counter()
        end = began + asked["seconds"]
        if "rate" in asked:
            load.open(asked["rate"], end)
        else:
            load.closed(asked["in_flight"], end)
        told = {"micros": load.micros, "seconds": time.perf_counter() - began, "errors": load.errors}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve(sys.argv[2])
    else:
        drive(sys.argv[2])
