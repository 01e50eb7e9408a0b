"""A client of the mother's tools for programs without an event loop: one call at a time, blocking.

Not for several threads at once. Nothing waits for ever, and nothing piles up: after a call without an answer
the socket is made anew, so that a mother who comes back finds no old calls in it. The mother's key, which is new
with every start of hers, is looked at before every try and while one waits.
"""

import itertools
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import zmq

from droas_common.circuit_breaker import BreakerRules
from droas_common.credentials import KeySource, read_credential
from droas_common.errors import OutsideError
from droas_common.settings import CurveKeys
from droas_common.tool_client import NOT_ADMITTED, ToolUnavailableError, as_exception, bounded_frame
from droas_common.tool_retries import CircuitBreaker, Tries, fresh_key, telling
from droas_common.wire.calls import (
    Actor,
    CallMeta,
    CallParams,
    Json,
    Method,
    Response,
    StatusParams,
    ToolDescription,
    ToolResult,
    read_response,
    read_result,
    read_tools,
)
from droas_common.zmq_sockets import client_socket

_LONGEST_TRY_S = 2.0
_LOOK_EVERY_S = 0.25
"""How often is looked, while an answer is waited for, whether another mother has come."""


class SyncToolClient:
    """Calls tools; use it within `with`.

    Args:
        endpoint: where the mother's tool socket is.
        keys: gives this client's keys and the present mother's.
        rules: when it stops asking a mother who does not answer.
    """

    def __init__(self, endpoint: str, keys: KeySource, rules: BreakerRules | None = None) -> None:
        self._endpoint, self._source = endpoint, keys
        self._keys: CurveKeys | None = None
        self._breaker = CircuitBreaker(rules, time.monotonic)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket: zmq.Socket[bytes] | None = None
        self._ids = itertools.count(1)

    @classmethod
    def from_credential(cls, path: str | Path) -> Self:
        """Make one from the file that `droasctl client add NAME --out FILE` has written.

        Raises:
            NoInputError: there is no such file, or it cannot be read.
            RequestError: it is no credential.
        """
        credential = read_credential(path)
        return cls(credential.endpoint, credential.present_keys)

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
        return read_tools(self._ask(self._open(), Method.LIST, {}, timeout_s))

    def status(self, idempotency_key: str, *, timeout_s: float = 5.0) -> Json:
        """Tell what became of a call: `{"state": "unknown"}`, or `done` with its result."""
        params = StatusParams(idempotency_key=idempotency_key)
        found: Json = msgspec.json.decode(self._ask(self._open(), Method.STATUS, params, timeout_s))
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
        key = idempotency_key or fresh_key()
        meta = CallMeta(
            actor=actor,
            deadline_unix_ms=int((time.time() + timeout_s) * 1000),
            idempotency_key=key,
        )
        params = CallParams(name=name, arguments=arguments, meta=meta)
        tries = Tries(timeout_s, longest_s=_LONGEST_TRY_S, now=time.monotonic)
        with telling(key):
            while True:
                try:
                    # Before it is asked whether she answers: another mother has not failed.
                    socket = self._open()
                    with self._breaker.one_try():
                        return read_result(self._ask(socket, Method.CALL, params, tries.next_s()))
                except OutsideError as error:
                    time.sleep(tries.pause_s(error))

    def _ask(
        self, socket: "zmq.Socket[bytes]", method: Method, params: object, timeout_s: float
    ) -> msgspec.Raw:
        request_id = next(self._ids)
        frame = bounded_frame(request_id, method, params)
        try:
            response = self._asked(socket, frame, request_id, time.monotonic() + timeout_s)
        except zmq.ZMQError as error:
            self._drop()
            raise ToolUnavailableError(f"the mother takes no calls at the moment: {error}") from error
        if response is None:
            self._drop()
            raise ToolUnavailableError(f"no answer to {method} in time; {NOT_ADMITTED}")
        if response.error is not None:
            raise as_exception(response.error)
        return msgspec.Raw(bytes(response.result))

    def _asked(
        self, socket: "zmq.Socket[bytes]", frame: bytes, request_id: int, deadline: float
    ) -> Response | None:
        """Give the answer, also of another mother who comes meanwhile; None when there is none in time."""
        socket.send(frame, zmq.NOBLOCK)
        while True:
            left_s = deadline - time.monotonic()
            if socket.poll(max(0, int(min(left_s, _LOOK_EVERY_S) * 1000)), zmq.POLLIN):
                response = read_response(socket.recv_multipart()[-1])
                if response.id == request_id:
                    return response
            elif left_s <= _LOOK_EVERY_S:
                return None
            elif (present := self._open()) is not socket:
                socket = present
                socket.send(frame, zmq.NOBLOCK)

    def _open(self) -> "zmq.Socket[bytes]":
        """Give a socket to the mother who is there now; raises ToolUnavailableError when no key of hers is known."""
        try:
            keys = self._source()
            if keys != self._keys:
                self._drop()
                self._breaker.forgive()
            if self._socket is None:
                self._socket = client_socket(self._context, zmq.DEALER, self._endpoint, keys)
                self._keys = keys
        except (OutsideError, zmq.ZMQError) as error:
            if self._socket is None:
                raise ToolUnavailableError(str(error)) from error
        return self._socket

    def _drop(self) -> None:
        """Forget the socket with all that is queued in it."""
        if self._socket is not None:
            self._socket.close(linger=0)
            self._socket = None
