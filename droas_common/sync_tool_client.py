"""A client of the mother's tools for programs without an event loop: one call at a time, blocking.

Not for several threads at once. Nothing waits for ever, and nothing piles up: after a call without an answer
the socket is made anew, so that a mother who comes back finds no old calls in it.
"""

import itertools
import random
import time
from types import TracebackType
from typing import Self

import msgspec
import zmq

from droas_common.backoff import Backoff
from droas_common.errors import OutsideError
from droas_common.settings import CurveKeys
from droas_common.tool_client import ToolUnavailableError, as_exception
from droas_common.tool_retries import fresh_key
from droas_common.wire.calls import (
    Actor,
    CallMeta,
    CallParams,
    Json,
    Method,
    StatusParams,
    ToolDescription,
    ToolResult,
    read_response,
    read_result,
    read_tools,
    request_frame,
)
from droas_common.zmq_sockets import client_socket

_BACKOFF = Backoff(first_s=0.1, factor=2.0, cap_s=2.0, eager=False)
_LONGEST_TRY_S = 2.0


class SyncToolClient:
    """Calls tools; use it within `with`.

    Args:
        endpoint: where the mother's tool socket is.
        keys: this client's CURVE keys and the mother's public key.
    """

    def __init__(self, endpoint: str, keys: CurveKeys) -> None:
        self._endpoint, self._keys = endpoint, keys
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._ids = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close everything."""
        self._drop()
        self._context.term()

    def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give the tools that may be called; raises ToolUnavailableError."""
        return read_tools(self._ask(Method.LIST, {}, timeout_s))

    def status(self, idempotency_key: str, *, timeout_s: float = 5.0) -> Json:
        """Tell what became of a call: `{"state": "unknown"}`, or `done` with its result."""
        params = StatusParams(idempotency_key=idempotency_key)
        found: Json = msgspec.json.decode(self._ask(Method.STATUS, params, timeout_s))
        return found

    def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None = None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Call one tool, again with the same key while there is no answer and time is left.

        Raises:
            ToolCallError: refused; the same call would be refused again.
            ToolUnavailableError: no answer within the time.
        """
        meta = CallMeta(
            actor=actor,
            deadline_unix_ms=int((time.time() + timeout_s) * 1000),
            idempotency_key=idempotency_key or fresh_key(),
        )
        params = CallParams(name=name, arguments=arguments, meta=meta)
        deadline, failures = time.monotonic() + timeout_s, 0
        while True:
            left_s = deadline - time.monotonic()
            try:
                return read_result(self._ask(Method.CALL, params, min(left_s, _LONGEST_TRY_S)))
            except OutsideError as error:
                failures += 1
                wait_s = _BACKOFF.delay_s(failures=failures, jitter=random.random())  # noqa: S311 - spreads load
                wait_s = max(wait_s, error.retry_after_s or 0.0)
                if time.monotonic() + wait_s >= deadline:
                    raise
                time.sleep(wait_s)

    def _ask(self, method: Method, params: object, timeout_s: float) -> msgspec.Raw:
        request_id = next(self._ids)
        frame = request_frame(request_id, method, params)
        deadline = time.monotonic() + timeout_s
        try:
            self._open().send(frame, zmq.NOBLOCK)
            while True:
                response = read_response(self._receive(deadline, method))
                if response.id == request_id:
                    break
        except zmq.ZMQError as error:
            self._drop()
            raise ToolUnavailableError(f"the mother takes no calls at the moment: {error}") from error
        if response.error is not None:
            raise as_exception(response.error)
        return msgspec.Raw(bytes(response.result))

    def _receive(self, deadline: float, method: Method) -> bytes:
        socket = self._open()
        left_ms = max(0, int((deadline - time.monotonic()) * 1000))
        if not socket.poll(left_ms, zmq.POLLIN):
            self._drop()
            raise ToolUnavailableError(f"no answer to {method} in time")
        return socket.recv_multipart()[-1]

    def _open(self) -> "zmq.Socket[bytes]":
        if self._socket is None:
            self._socket = client_socket(self._context, zmq.DEALER, self._endpoint, self._keys)
        return self._socket

    def _drop(self) -> None:
        """Forget the socket with all that is queued in it."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
