"""A client of the mother's tools for programs with an asyncio loop: it outlives her restarts.

Her key is new with every start. It is looked at twice a second; when it has changed, calls that wait are sent
again to the new mother, and their keys make them count once.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import zmq

from droas_common.circuit_breaker import BreakerRules
from droas_common.credentials import KeySource, read_credential
from droas_common.errors import OutsideError
from droas_common.settings import CurveKeys
from droas_common.tool_client import NOT_ADMITTED, ToolClient, ToolUnavailableError
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Actor, Json, ToolDescription, ToolResult
from droas_common.zmq_sockets import client_socket

_LOOK_EVERY_S = 0.5


class FollowingToolClient:
    """Calls tools, many at a time; use it within `async with`.

    Args:
        endpoint: where the mother's tool socket is.
        keys: gives this client's keys and the present mother's; must not block.
        rules: when it stops asking a mother who does not answer.
    """

    def __init__(self, endpoint: str, keys: KeySource, rules: BreakerRules | None = None) -> None:
        self._endpoint, self._source = endpoint, keys
        self._keys: CurveKeys | None = None
        self._fault: Exception | None = None
        self._next_look: asyncio.TimerHandle | None = None
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        # Connected to nobody until a key is known.
        self._client = ToolClient(self._context.socket(zmq.DEALER))
        self._retrying = RetryingTools(self._client, rules)

    @classmethod
    def from_credential(cls, path: str | Path) -> Self:
        """Make one from the file that `droasctl client add NAME --out FILE` has written.

        Raises:
            NoInputError: there is no such file, or it cannot be read.
            RequestError: it is no credential.
        """
        credential = read_credential(path)
        return cls(credential.endpoint, credential.present_keys)

    async def __aenter__(self) -> Self:
        self._client.start()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._client.close()
        self._context.destroy(linger=0)

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give the tools that may be called; raises ToolUnavailableError."""
        with self._explained():
            return await self._client.list_tools(timeout_s=timeout_s)

    async def status(self, idempotency_key: str, *, timeout_s: float = 5.0) -> Json:
        """Tell what became of a call: `{"state": "unknown"}`, or `done` with its result."""
        with self._explained():
            return await self._client.status(idempotency_key, timeout_s=timeout_s)

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None = None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Call one tool, again with the same key while there is no answer and time is left.

        Args:
            name: the tool's name.
            arguments: what its schema asks for.
            actor: the Discord user on whose behalf.
            timeout_s: seconds for all tries together.
            idempotency_key: names the effect; made when absent.

        Raises:
            ToolCallError: refused; the same call would be refused again.
            ToolUnavailableError: no answer within the time; its `idempotency_key` is the one to ask again with.
        """
        with self._explained():
            return await self._retrying.call(
                name, arguments, actor=actor, timeout_s=timeout_s, idempotency_key=idempotency_key
            )

    def _look(self) -> None:
        """Follow the mother who is there now, when she is another one."""
        self._next_look = asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)
        try:
            keys = self._source()
            if keys != self._keys:
                self._client.follow(client_socket(self._context, zmq.DEALER, self._endpoint, keys))
                self._retrying.forgive()
            self._keys, self._fault = keys, None
        except (OutsideError, zmq.ZMQError) as error:
            self._fault = error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what it can be when nothing came."""
        try:
            yield
        except ToolUnavailableError as error:
            if error.error is not None:
                raise
            words = str(self._fault) if self._fault else f"{error}; {NOT_ADMITTED}"
            told = ToolUnavailableError(words, retry_after_s=error.retry_after_s)
            told.idempotency_key = error.idempotency_key
            raise told from error
