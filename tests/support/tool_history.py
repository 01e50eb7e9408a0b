"""Transfers under kill -9: callers and a gateway that are killed at random, and what must hold afterwards."""

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from sqlalchemy import Engine, select

from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.verification import Verifier
from tests.support.history_mother import WholeMother

_HERE = Path(__file__).parent
_CALLERS = 4
_RESTARTS, _GATEWAY_KILLS = 0.06, 0.6
"""Chances, of each turn, that the database's server is restarted, or else the gateway killed."""

_SETTLE_S = 30.0

Events = dict[str, list[dict[str, Any]]]


class Play:
    """One gateway and its callers on one database.

    Args:
        folder: for the socket, the plan and the histories; its path must be short.
        url: the database.
        seed: what chance does.
        whole: whether the gateway is that of a whole mother, and not one alone.
        restart: has the database's server crash and come back; None where there is no server.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        seed: int,
        *,
        whole: bool = False,
        restart: Callable[[], None] | None = None,
    ) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self._seed = seed
        self._url = url
        self._mother = WholeMother(folder, url) if whole else None
        self._restart = restart
        self._names = [f"caller{number}" for number in range(_CALLERS)]
        self.kills: Counter[str] = Counter()
        mother = self._mother.start() if self._mother else None
        (folder / "plan.json").write_text(json.dumps(self._plan()))
        self._gateway = mother or self._start_gateway()
        self._callers = {name: self._start_caller(name) for name in self._names}

    def run(self, transfers: int, kills: int) -> None:
        """Go on until so many transfers were asked for, and so many processes killed.

        Of two kills in a row the second waits for an answer: where a start takes longer than a turn, nobody would
        ever be served.
        """
        answered, early = 0, False
        while self.asked() < transfers or self.kills.total() < kills:
            time.sleep(self._chance.uniform(0.02, 0.9))
            self._keep_gateway()
            before, answered = answered, self._count(b'"ok"')
            if early and answered == before:
                continue
            early = answered == before
            dice = self._chance.random()
            if self._restart is not None and dice < _RESTARTS:
                self._restart()
                self.kills["database"] += 1
            elif dice < _GATEWAY_KILLS:
                _kill(self._gateway)
                self._gateway = self._start_gateway()
                self.kills["gateway"] += 1
            else:
                name = self._chance.choice(self._names)
                _kill(self._callers[name])
                self._callers[name] = self._start_caller(name)
                self.kills["caller"] += 1

    def end(self) -> None:
        """Let the callers hear what they still wait for, and end everything."""
        (self._folder / "stop").touch()
        try:
            deadline = time.monotonic() + _SETTLE_S
            while any(caller.poll() is None for caller in self._callers.values()):
                assert time.monotonic() < deadline, "the callers do not hear what they wait for"
                self._keep_gateway()
                time.sleep(0.05)
        finally:
            for process in (*self._callers.values(), self._gateway):
                _kill(process)

    def _keep_gateway(self) -> None:
        """Start it again when it has ended by itself, as a service manager would: its database was away."""
        if self._gateway.poll() is not None:
            self._gateway = self._start_gateway()

    def asked(self) -> int:
        """Give how many transfers were asked for so far."""
        return self._count(b'"invoke"')

    def _count(self, event: bytes) -> int:
        """Give how often this word stands in the histories."""
        return sum(path.read_bytes().count(event) for path in self._folder.glob("*.history"))

    def events(self) -> Events:
        """Give what was written down of each call, by the name that its transfer has in the ledger."""
        events: Events = defaultdict(list)
        kind = "client" if self._mother else "bot"
        for name in self._names:
            for line in (self._folder / f"{name}.history").read_text().splitlines():
                event = json.loads(line)
                events[f"{kind}:{name}/{event['key']}"].append(event)
        return events

    def _plan(self) -> dict[str, Any]:
        if self._mother is not None:
            return {"folder": str(self._folder), **self._mother.admit(self._names)}
        server, secret = (key.decode() for key in zmq.curve_keypair())
        callers = {}
        for name in self._names:
            public, private = (key.decode() for key in zmq.curve_keypair())
            callers[name] = {"public_key": public, "secret_key": private, "server_key": server}
        endpoint = f"ipc://{self._folder / 'tools.sock'}"
        return {
            "folder": str(self._folder), "url": self._url, "endpoint": endpoint,
            "server_key": server, "server_secret_key": secret, "callers": callers,
        }  # fmt: skip

    def _start_gateway(self) -> "subprocess.Popen[bytes]":
        if self._mother is not None:
            return self._mother.start()
        return self._start("gateway_process.py")

    def _start_caller(self, name: str) -> "subprocess.Popen[bytes]":
        return self._start("history_client.py", name, str(self._seed))

    def _start(self, script: str, *arguments: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, str(_HERE / script), str(self._folder / "plan.json"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(_HERE.parents[1])}
        with (self._folder / f"{script}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def check(url: str, events: Events) -> dict[str, int]:
    """Hold the histories against the database; raises AssertionError, gives figures.

    Nothing acknowledged is lost, each key has its effect at most once, the same key always has the same
    result, the ledger sums to zero, and both chains are whole.
    """
    engine = open_engine(url)
    try:
        for verdict in (Verifier(engine).ledger(), Verifier(engine).audit()):
            assert not verdict.faults, verdict.faults
        moved = _moved(engine)
    finally:
        engine.dispose()
    figures: Counter[str] = Counter()
    for name, told in events.items():
        _check_one(name, told, moved.pop(name, []), figures)
    strangers = [name for name, entries in moved.items() if {amount for _, amount in entries} - {200, -200}]
    assert not strangers, f"nobody asked for {strangers[:5]}"
    return dict(figures)


def _check_one(
    name: str, told: list[dict[str, Any]], entries: list[tuple[str, int]], figures: Counter[str]
) -> None:
    asked = told[0]
    outcomes = [event for event in told if event["event"] != "invoke"]
    kinds = {event["event"] for event in outcomes} or {"unknown"}
    results = {json.dumps(event["result"], sort_keys=True) for event in outcomes}
    assert len(results) <= 1, f"{name} was told different results: {results}"
    kind = kinds.pop()
    wanted = Counter([(asked["from"], -asked["amount"]), (asked["to"], asked["amount"])])
    # Accounts are opened by the first transfer that touches them, under its name.
    opened = {("issuer", -200), *((owner, 200) for owner in (asked["from"], asked["to"]))}
    found = Counter(entry for entry in entries if entry not in opened)
    figures[kind] += 1
    figures["asked"] += 1
    figures["asked_again"] += len(outcomes) > 1
    match kind:
        case "ok":
            assert found == wanted, f"{name} was acknowledged, and the ledger has {entries}"
        case "unknown":
            assert found in (wanted, Counter()), f"{name} is half done: {entries}"
        case _:
            assert not found, f"{name} was refused, and the ledger has {entries}"


def _moved(engine: Engine) -> dict[str, list[tuple[str, int]]]:
    """Give the entries of each transfer."""
    entries = schema.entries
    moved: dict[str, list[tuple[str, int]]] = defaultdict(list)
    with engine.connect() as connection:
        for name, owner, amount in connection.execute(
            select(entries.c.transfer, entries.c.owner, entries.c.amount)
        ):
            moved[name].append((owner, amount))
    return moved


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
