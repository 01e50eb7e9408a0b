"""A caller that writes down what it asks and what it hears: `python history_client.py PLAN.json NAME SEED`.

Every line of its history is one event of one key: `invoke` before the call leaves, then `ok`, `refused` or
nothing. It loses answers on purpose (it closes its socket before reading), asks again with the same key, and
asks once more for some that it knows already. When it was killed, its next life asks for what it left open.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import zmq

from droas_common.settings import CurveKeys
from droas_common.wire.calls import Method, read_response, request_frame
from droas_common.zmq_sockets import client_socket
from tests.support.history_mother import server_key

MEMBERS = 6
_PATIENCE_MS = 400
_TRIES = 40
_DROPPED, _ASKED_AGAIN = 0.06, 0.05


class HistoryClient:
    """One caller's life.

    Args:
        plan: what was agreed on before the first start.
        name: the caller's name.
        seed: its chance.
    """

    def __init__(self, plan: dict[str, Any], name: str, seed: int) -> None:
        self._plan = plan
        self._keys = CurveKeys(**plan["callers"][name])
        self._path = Path(plan["folder"]) / f"{name}.history"
        self._open_calls, self._number = self._read()
        self._history = self._path.open("a")
        self._name = name
        self._chance = random.Random(seed * 1_000_003 + self._number)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._connect()
        self._request = 0

    def live(self) -> None:
        """Call until told to end."""
        for event in self._open_calls:
            self._ask(event)
        while not (self._path.parent / "stop").exists():
            source, target = self._chance.sample(range(10, 10 + MEMBERS), 2)
            self._number += 1
            event = {
                "key": f"{self._number:08}-{self._name}",
                "from": str(source),
                "to": str(target),
                "amount": self._chance.randint(1, 30),
            }
            self._note("invoke", event)
            self._ask(event)
            if self._chance.random() < _ASKED_AGAIN:
                self._ask(event)
        self._context.destroy(linger=0)

    def _read(self) -> tuple[list[dict[str, Any]], int]:
        """Give the calls of earlier lives that have no outcome, and how many there were in all."""
        invoked: dict[str, dict[str, Any]] = {}
        number = 0
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            event = json.loads(line)
            number += event["event"] == "invoke"
            if event["event"] == "invoke":
                invoked[event["key"]] = {key: event[key] for key in ("key", "from", "to", "amount")}
            else:
                invoked.pop(event["key"], None)
        return list(invoked.values()), number

    def _ask(self, event: dict[str, Any]) -> None:
        """Ask until there is an outcome, or often enough."""
        for _ in range(_TRIES):
            self._request += 1
            self._socket.send(self._frame(event))
            if self._chance.random() < _DROPPED:
                self._reconnect(linger=200)
                continue
            answer = self._answer()
            if answer is None:
                self._reconnect(linger=0)
                continue
            response = read_response(answer)
            if response.error is None:
                result = json.loads(bytes(response.result))
                kind = "refused" if result.get("isError") else "ok"
                self._note(kind, event, result=result["structuredContent"])
                return
            if response.error.data is None or response.error.data.retry_after_ms is None:
                self._note("error", event, result=response.error.message)
                return

    def _answer(self) -> bytes | None:
        return self._socket.recv() if self._socket.poll(_PATIENCE_MS) else None

    def _frame(self, event: dict[str, Any]) -> bytes:
        actor = {"userId": event["from"], "guildId": "1", "messageId": "3"}
        params = {
            "name": "economy.transfer",
            "arguments": {"to_user_id": event["to"], "amount": event["amount"]},
            "_meta": {"actor": actor, "idempotencyKey": event["key"]},
        }
        return request_frame(self._request, Method.CALL, params)

    def _note(self, kind: str, event: dict[str, Any], **more: Any) -> None:
        self._history.write(json.dumps({"event": kind, **event, **more}) + "\n")
        self._history.flush()

    def _connect(self) -> "zmq.Socket[bytes]":
        keys = self._keys
        if "beacon" in self._plan:
            keys = keys.model_copy(update={"server_key": server_key(self._plan["beacon"])})
        return client_socket(self._context, zmq.DEALER, self._plan["endpoint"], keys)

    def _reconnect(self, *, linger: int) -> None:
        self._socket.close(linger=linger)
        self._socket = self._connect()


if __name__ == "__main__":
    HistoryClient(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2], int(sys.argv[3])).live()
