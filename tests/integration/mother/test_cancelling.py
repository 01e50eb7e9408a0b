"""Calls that are taken back: before their commit they are not done, after it they are."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from droas_common.redaction import Redactor
from droas_common.wire.calls import Json
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.reader import Reader
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.core.tools.tool_settings import EconomySettings, ToolSettings
from droas_mother.flows.tools.call_gate import CallGate
from droas_mother.flows.tools.services import economy
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.tool_gateway import ToolGateway

HELPER = Principal(kind=PrincipalKind.BOT, name="helper", tools=("*",))


@dataclass(frozen=True)
class Asked:
    """One frame of the one caller."""

    frame: bytes
    principal: Principal = HELPER


@dataclass
class ScriptedSocket:
    """Gives frames in the turns that a test wants, and keeps the answers."""

    turns: list[list[Asked]] = field(default_factory=list)
    answers: dict[Any, Json] = field(default_factory=dict)

    def ring(self) -> None:
        """Wake nobody."""

    def wait(self) -> None:
        """Never wait."""

    def receive(self, most: int, most_bytes: int) -> list[Asked]:
        """Give the next turn's frames."""
        del most_bytes
        return self.turns.pop(0)[:most]

    def answer(self, incoming: Asked, frame: bytes) -> None:
        """Keep an answer."""
        del incoming
        answer = msgspec.json.decode(frame)
        self.answers[answer["id"]] = answer

    def close(self) -> None:
        """Close nothing."""


def _asked(number: int, method: str, params: Json) -> Asked:
    return Asked(msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))


TRANSFER = _asked(
    1,
    "tools/call",
    {
        "name": "economy.transfer",
        "arguments": {"to_user_id": "11", "amount": 1},
        "_meta": {"actor": {"userId": "10", "guildId": "1"}, "idempotencyKey": "k"},
    },
)
CANCEL = _asked(2, "calls/cancel", {"requestId": 1})
STATUS = _asked(3, "calls/status", {"idempotencyKey": "k"})


@pytest.fixture
def socket() -> ScriptedSocket:
    """Give the gateway's socket."""
    return ScriptedSocket()


@pytest.fixture
def gateway(tmp_path: Path, socket: ScriptedSocket) -> Iterator[ToolGateway]:
    """Give a gateway whose turns the test takes itself."""
    engine = open_engine(f"sqlite:///{tmp_path / 'droas.db'}")
    store = Database(engine)
    gate = CallGate(ToolSettings(), lambda _actor: None)
    desk = ToolDesk(
        economy.tools(economy.Economy(EconomySettings())), gate=gate, redactor=Redactor(), opening_balance=100
    )
    yield ToolGateway(socket, store, desk, observe=lambda _principal, _seconds: None)
    store.close()
    engine.dispose()


def test_before_its_commit_a_call_is_taken_back(gateway: ToolGateway, socket: ScriptedSocket) -> None:
    """A cancellation that is read with the call it means leaves nothing of that call."""
    socket.turns = [[TRANSFER, CANCEL], [STATUS]]
    gateway._turn()
    gateway._turn()
    assert socket.answers[1]["error"]["data"]["kind"] == "cancelled"
    assert socket.answers[2]["result"] == {"cancelled": True}
    assert socket.answers[3]["result"] == {"state": "unknown"}
    engine = gateway._store._engine  # type: ignore[attr-defined]  # the one of the fixture
    (row,) = Reader(engine).newest_audit(5)
    assert (row["action"], row["outcome"], row["key"], row["user_id"]) == (
        "economy.transfer",
        "cancelled",
        None,
        "10",
    )


def test_after_its_commit_a_call_stays_done(gateway: ToolGateway, socket: ScriptedSocket) -> None:
    """A cancellation that is read after the commit says so, and the call keeps its result."""
    socket.turns = [[TRANSFER], [CANCEL], [STATUS]]
    for _ in range(3):
        gateway._turn()
    assert socket.answers[1]["result"]["structuredContent"]["balance"] == 99
    assert socket.answers[2]["result"] == {"cancelled": False}
    assert socket.answers[3]["result"]["state"] == "done"
