"""External clients: added, listed and revoked by people at the machine."""

import asyncio
import time
from http import HTTPStatus
from typing import Any

import msgspec
from msgspec.structs import replace

from droas_common.errors import OutsideError
from droas_mother.core.answers.admin_answers import Refusal
from droas_mother.core.answers.tool_answers import ClientPage, ClientWanted, Credential
from droas_mother.core.bookkeeping.records import AuditRecord, Client, Outcome
from droas_mother.core.tools.client_scope import principal_of, report, scope_text
from droas_mother.ports import AuditLog, ClientKeys, RecordReader

Answer = tuple[int, Any]


class ClientDesk:
    """Keeps the list of clients, and the keyring as the list says.

    Args:
        keys: who may connect.
        audit: writes clients and commands down.
        reader: reads the clients.
        endpoint: the tool socket.
        beacon: the file in which clients find the server's public key.
    """

    def __init__(
        self, keys: ClientKeys, audit: AuditLog, reader: RecordReader, *, endpoint: str, beacon: str
    ) -> None:
        self._keys = keys
        self._audit = audit
        self._reader = reader
        self._endpoint = endpoint
        self._beacon = beacon
        self._one_at_a_time = asyncio.Lock()

    def admit_known(self) -> None:
        """Admit those that were added before; raises OutsideError."""
        for client in self._reader.clients():
            if not client.revoked:
                self._keys.admit(client.public_key, principal_of(client))

    async def clients(self) -> Answer:
        """List them."""
        try:
            found = await asyncio.to_thread(self._reader.clients)
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=str(error))
        return HTTPStatus.OK, ClientPage(clients=[report(one) for one in found])

    async def add(self, wanted: ClientWanted, *, uid: int) -> Answer:
        """Add one; its secret key is in this answer and nowhere else."""
        async with self._one_at_a_time:
            try:
                known = await self._known(wanted.name)
                if known is not None and not known.revoked:
                    words = f"there is a client named {wanted.name} already; revoke it first"
                    return HTTPStatus.CONFLICT, Refusal(error=words)
                return HTTPStatus.OK, await self._add(wanted, uid)
            except OutsideError as error:
                words = f"the client was not added: {error}"
                return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=words)

    async def revoke(self, name: str, *, uid: int) -> Answer:
        """Hear nothing more of one, from this moment on."""
        async with self._one_at_a_time:
            try:
                known = await self._known(name)
                if known is not None and known.revoked:
                    return HTTPStatus.CONFLICT, Refusal(error=f"{name} is revoked already")
                if known is None:
                    return HTTPStatus.NOT_FOUND, Refusal(error=f"there is no client named {name[:64]}")
                self._keys.revoke(known.public_key)
                gone = replace(known, revoked=True)
                await self._audit.write(_record("revoke client", name, "{}", uid), rows=(gone,))
            except OutsideError as error:
                words = f"{name} is shut out until the mother restarts, but it was not written down: {error}"
                return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=words)
        return HTTPStatus.OK, report(gone)

    async def _add(self, wanted: ClientWanted, uid: int) -> Credential:
        fresh = Client(
            name=wanted.name, public_key="", scope=scope_text(wanted), at_us=time.time_ns() // 1000
        )
        keys = self._keys.issue(principal_of(fresh))
        client = replace(fresh, public_key=keys.public_key)
        try:
            await self._audit.write(_record("add client", wanted.name, client.scope, uid), rows=(client,))
        except BaseException:
            self._keys.revoke(keys.public_key)
            raise
        return Credential(
            name=wanted.name,
            public_key=keys.public_key,
            secret_key=keys.secret_key.get_secret_value(),
            endpoint=self._endpoint,
            beacon=self._beacon,
        )

    async def _known(self, name: str) -> Client | None:
        found = await asyncio.to_thread(self._reader.clients)
        return next((one for one in found if one.name == name), None)


def _record(action: str, name: str, scope: str, uid: int) -> AuditRecord:
    arguments = msgspec.json.encode({"name": name, "scope": msgspec.Raw(scope.encode())}).decode()
    return AuditRecord(
        at_us=time.time_ns() // 1000,
        kind="command",
        caller=f"uid:{uid}",
        action=action,
        outcome=Outcome.OK,
        arguments=arguments,
    )
