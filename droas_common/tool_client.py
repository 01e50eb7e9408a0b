"""A client of the mother's tools on an asyncio loop: many calls in flight, one answer each.

Nothing waits for ever: a call that gets no answer in time ends with ToolUnavailableError, and its late
answer is dropped. The same idempotency key may then be sent again; the mother executes it once.
"""

import asyncio
import itertools
import time

import msgspec
import zmq

from droas_common.errors import OutsideError, RequestError
from droas_common.logs import log
from droas_common.tracing import current_trace_id, traceparent
from droas_common.wire.calls import (
    Actor,
    CallError,
    CallMeta,
    CallParams,
    CancelParams,
    ErrorCode,
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
from droas_common.wire.frames import MAX_FRAME_BYTES, FrameError
from droas_common.zmq_sockets import DrainedSocket

MAX_IN_FLIGHT = 256
"""Calls waiting for their answers; one more is refused at once instead of queued."""

NOT_ADMITTED = "or this client is no longer admitted: `droasctl client list` shows who is revoked"
"""What it can be besides when no answer comes: who is not admitted gets none."""

_WORTH_A_RETRY = (ErrorCode.OVERLOADED, ErrorCode.LIMITED, ErrorCode.UNAVAILABLE, ErrorCode.UNPROVEN)


class ToolCallError(RequestError):
    """The mother refuses the call, and would refuse it again.

    Its `idempotency_key` is the one that the call had, also where the client made it.

    Args:
        message: the mother's words.
        kind: the reason as a constant: denied, late, conflict, invalid_params, …
        error: as it came; None when it was refused on this side.
    """

    def __init__(self, message: str, *, kind: str, error: CallError | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.error = error
        self.idempotency_key: str | None = None


class ToolUnavailableError(OutsideError):
    """No answer came in time, or the mother is overloaded; the same key may be tried again.

    Its `idempotency_key` is that key, also where the client made it; None for what has none.

    Args:
        message: the mother's words, or ours.
        retry_after_s: seconds after which a retry may help.
        error: as it came; None when nothing came.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, error: CallError | None = None
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.error = error
        self.idempotency_key: str | None = None


class _Call(msgspec.Struct, frozen=True):
    """A call that waits for its answer."""

    frame: bytes
    answer: "asyncio.Future[msgspec.Raw]"


class ToolClient:
    """Calls tools over one DEALER socket.

    Args:
        socket: a connected DEALER; it is owned from here on.
    """

    def __init__(self, socket: "zmq.Socket[bytes]") -> None:
        self._socket = DrainedSocket(socket, self._on_message)
        self._waiting: dict[int, _Call] = {}
        self._started = False
        self._ids = itertools.count(1)

    @property
    def waiting(self) -> int:
        """Calls that wait for their answers."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to receive answers on the running loop."""
        self._started = True
        self._socket.start()

    def follow(self, socket: "zmq.Socket[bytes]") -> None:
        """Go on over another socket; calls that wait are sent again, and their keys make them count once."""
        self._socket.close()
        self._socket = DrainedSocket(socket, self._on_message)
        if self._started:
            self._socket.start()
        for call in self._waiting.values():
            self._socket.send(call.frame)

    def close(self) -> None:
        """Close the socket; calls still waiting end with ToolUnavailableError."""
        for call in self._waiting.values():
            if not call.answer.done():
                call.answer.set_exception(
                    ToolUnavailableError("the client was closed while the call was waiting")
                )
        self._socket.close()

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Call one tool and give what it gave.

        Args:
            name: the tool's name, `economy.balance`.
            arguments: what its schema asks for.
            actor: the Discord user on whose behalf; set by code from an event, never from a model's words.
            timeout_s: seconds after which nobody waits any longer; travels as a deadline.
            idempotency_key: unique for the effect wanted; needed by tools that change something.

        Raises:
            ToolCallError: refused; the same call would be refused again.
            ToolUnavailableError: no answer in time, or overloaded.
        """
        trace_id = current_trace_id()
        meta = CallMeta(
            actor=actor,
            deadline_unix_ms=int((time.time() + timeout_s) * 1000),
            idempotency_key=idempotency_key,
            traceparent=traceparent(trace_id) if trace_id else None,
        )
        params = CallParams(name=name, arguments=arguments, meta=meta)
        return read_result(await self._ask(Method.CALL, params, timeout_s))

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give the tools that this caller may call.

        Raises:
            ToolUnavailableError: no answer in time.
        """
        return read_tools(await self._ask(Method.LIST, {}, timeout_s))

    async def status(self, idempotency_key: str, *, timeout_s: float = 5.0) -> Json:
        """Tell what became of a call: `{"state": "unknown"}`, or `done` with its result.

        Raises:
            ToolUnavailableError: no answer in time.
        """
        params = StatusParams(idempotency_key=idempotency_key)
        found: Json = msgspec.json.decode(await self._ask(Method.STATUS, params, timeout_s))
        return found

    async def _ask(self, method: Method, params: object, timeout_s: float) -> msgspec.Raw:
        if len(self._waiting) >= MAX_IN_FLIGHT:
            raise ToolUnavailableError(f"{MAX_IN_FLIGHT} calls wait already", retry_after_s=0.1)
        request_id = next(self._ids)
        frame = bounded_frame(request_id, method, params)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[msgspec.Raw] = loop.create_future()
        self._waiting[request_id] = _Call(frame, future)
        timer = loop.call_later(timeout_s, _give_up, future)  # `asyncio.timeout` costs several times that
        try:
            if not self._socket.send(frame):
                raise ToolUnavailableError("the mother takes no calls at the moment", retry_after_s=0.5)
            return await future
        except TimeoutError:
            raise ToolUnavailableError(f"no answer to {method} within {timeout_s:g} s") from None
        except asyncio.CancelledError:
            # Nobody wants it any more; the mother takes it back if it still waits there.
            self._socket.send(request_frame(next(self._ids), Method.CANCEL, CancelParams(request_id)))
            raise
        finally:
            timer.cancel()
            del self._waiting[request_id]

    def _on_message(self, frames: list[bytes]) -> None:
        try:
            response = read_response(frames[-1])
        except FrameError as error:
            log.error("answer_unreadable", why=str(error))
            return
        call = self._waiting.get(response.id) if isinstance(response.id, int) else None
        if call is None or call.answer.done():
            return  # too late: its caller has left
        if response.error is not None:
            call.answer.set_exception(as_exception(response.error))
        else:
            call.answer.set_result(msgspec.Raw(bytes(response.result)))


def _give_up(answer: "asyncio.Future[msgspec.Raw]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def bounded_frame(request_id: int, method: Method, params: object) -> bytes:
    """Write a request.

    Raises:
        ToolCallError: it is larger than the socket takes, which would end the connection, or has half a
            character in it.
    """
    try:
        frame = request_frame(request_id, method, params)
    except UnicodeEncodeError:
        raise ToolCallError("the call has half a character in it", kind="invalid_params") from None
    if len(frame) > MAX_FRAME_BYTES:
        raise ToolCallError(f"the call has {len(frame)} bytes, more than {MAX_FRAME_BYTES}", kind="too_large")
    return frame


def as_exception(error: CallError) -> Exception:
    """Give the exception that an error on the wire stands for."""
    kind = error.data.kind if error.data else "error"
    if error.code in _WORTH_A_RETRY:
        retry_after_ms = error.data.retry_after_ms if error.data else None
        return ToolUnavailableError(error.message, retry_after_s=(retry_after_ms or 200) / 1000, error=error)
    return ToolCallError(error.message, kind=kind, error=error)
