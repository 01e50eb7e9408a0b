"""A tool gateway on real sockets and a real database, without the rest of a mother."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import zmq
from sqlalchemy import Engine

from droas_common.life_record import Beacon, written
from droas_common.redaction import Redactor
from droas_common.settings import CurveKeys
from droas_common.tool_client import ToolClient
from droas_common.wire.calls import Actor
from droas_common.zmq_sockets import client_socket
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.tool_socket import ToolSocket
from droas_mother.adapters.storage.database import Database
from droas_mother.adapters.storage.engine import open_engine
from droas_mother.adapters.storage.reader import Reader
from droas_mother.adapters.storage.verification import Verifier
from droas_mother.core.answers.tool_answers import ClientWanted
from droas_mother.core.tools.authorization import Principal, PrincipalKind
from droas_mother.core.tools.tool_settings import EconomySettings, ToolSettings
from droas_mother.flows.admin_desk import Rooms
from droas_mother.flows.records.audit_feed import AuditFeed
from droas_mother.flows.records.records_desk import RecordsDesk
from droas_mother.flows.tools.call_gate import CallGate, Proves
from droas_mother.flows.tools.client_desk import ClientDesk
from droas_mother.flows.tools.known_results import KnownResults
from droas_mother.flows.tools.services import economy, users
from droas_mother.flows.tools.services.registry import Tool
from droas_mother.flows.tools.tool_counter import ToolCounter
from droas_mother.flows.tools.tool_desk import ToolDesk
from droas_mother.flows.tools.tool_gateway import ToolGateway
from droas_mother.ports import ResultCache
from tests.support.config_room import config_room

ADA = Actor(user_id="10", guild_id="1", channel_id="2", message_id="3")
GRACE = Actor(user_id="11", guild_id="1", channel_id="2", message_id="4")


@dataclass(slots=True)
class ToolBench:
    """A running gateway and what is needed to call it and to look behind it."""

    context: "zmq.Context[zmq.Socket[bytes]]"
    keyring: KeyRing
    gateway: ToolGateway
    socket: ToolSocket
    endpoint: str
    engine: Engine
    reader: Reader
    desk: ToolDesk
    feed: AuditFeed
    folder: Path

    def keys(self, name: str = "helper", tools: tuple[str, ...] = ("*",)) -> CurveKeys:
        """Issue keys to a bot."""
        return self.keyring.issue(Principal(kind=PrincipalKind.BOT, name=name, tools=tools))

    def client_desk(self) -> ClientDesk:
        """Give a desk for external clients, as a mother that has just started has it."""
        desk = ClientDesk(
            self.keyring,
            self.gateway,
            self.reader,
            endpoint=self.endpoint,
            beacon=str(self.folder / "mother.json"),
        )
        desk.admit_known()
        return desk

    async def credential(self, name: str = "shop") -> Path:
        """Add a client that may do everything; gives the file with its credential."""
        _, credential = await self.client_desk().add(ClientWanted(name=name, tools=["*"]), uid=0)
        file = self.folder / f"{name}.json"
        file.write_bytes(msgspec.json.encode(credential))
        return file

    def rooms(self) -> Rooms:
        """Give what the admin interface asks of the gateway."""
        return Rooms(
            counter=ToolCounter(self.desk, self.gateway),
            clients=self.client_desk(),
            records=RecordsDesk(self.feed, self.reader, Verifier(self.engine), self.gateway),
            config=config_room(self.folder).desk,
        )

    def raw(self, kind: int, keys: CurveKeys | None = None) -> "zmq.Socket[bytes]":
        """Give a bare client socket."""
        return client_socket(self.context, kind, self.endpoint, keys or self.keys())

    def client(self, keys: CurveKeys | None = None) -> ToolClient:
        """Give a started tool client."""
        client = ToolClient(self.raw(zmq.DEALER, keys))
        client.start()
        return client


@asynccontextmanager
async def running(
    folder: Path,
    url: str,
    *,
    economy_settings: EconomySettings | None = None,
    tool_settings: ToolSettings | None = None,
    proves: Proves = lambda _actor: None,
    max_waiting: int = 4_096,
    more_tools: tuple[Tool[Any], ...] = (),
    cache: ResultCache | None = None,
) -> AsyncIterator[ToolBench]:
    """Run a gateway for a while."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    keyring = KeyRing(context)
    keyring.start()
    endpoint = f"ipc://{folder / 'tools.sock'}"
    engine = await asyncio.to_thread(open_engine, url)
    settings = economy_settings or EconomySettings()
    gate = CallGate(tool_settings or ToolSettings(), proves)
    desk = ToolDesk(
        [*economy.tools(economy.Economy(settings)), *users.tools(), *more_tools],
        gate=gate,
        redactor=Redactor(),
        opening_balance=100,
        known=KnownResults(cache) if cache is not None else None,
    )
    socket = ToolSocket(context, endpoint, keyring)
    reader = Reader(engine)
    feed = AuditFeed(reader)
    gateway = ToolGateway(
        socket,
        Database(engine),
        desk,
        observe=lambda _caller, _seconds: None,
        on_audit=feed.ring,
        max_waiting=max_waiting,
    )
    gateway.start()
    beacon = Beacon(pid=os.getpid(), start_ticks=0, server_key=keyring.server_public_key)
    (folder / "mother.json").write_bytes(written(beacon))
    try:
        yield ToolBench(context, keyring, gateway, socket, endpoint, engine, reader, desk, feed, folder)
    finally:
        gateway.stop()
        keyring.stop()
        engine.dispose()
        context.destroy(linger=0)
