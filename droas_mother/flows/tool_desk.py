"""One tool call: who asks, may he, was it asked before, do it, write it down, answer.

Nothing here waits or touches the world: frames come in, frames and changes go out. The gateway thread
commits the changes of a whole batch and only then lets the answers leave.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from droas_common.errors import DroasError
from droas_common.ids import Snowflake
from droas_common.redaction import Redactor
from droas_common.tracing import trace_id_of
from droas_common.wire.calls import (
    CallError,
    CallParams,
    ErrorCode,
    ErrorData,
    Json,
    Method,
    Request,
    ToolList,
    ToolResult,
    error_frame,
    read_call,
    read_request,
    read_status,
    result_frame,
)
from droas_common.wire.frames import FrameError, encode
from droas_mother.core.authorization import Principal, may_call
from droas_mother.core.books import Batch, Draft
from droas_mother.core.records import AuditRecord, Outcome, StoredCall
from droas_mother.core.refusals import Refusal
from droas_mother.flows.services.registry import Call, Tool

MAX_KEY_LENGTH = 128
MAX_ARGUMENT_TEXT = 4_000
"""Characters of a call's arguments kept in the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """What became of a call: the answer and how it is recorded."""

    outcome: Outcome
    result: ToolResult | None = None
    error: CallError | None = None


class ToolDesk:
    """Serves calls, one after another, within a batch.

    Args:
        tools: what can be called.
        redactor: masks secrets in what the audit keeps.
        opening_balance: coins that a new account is given.
    """

    def __init__(self, tools: Iterable[Tool[Any]], *, redactor: Redactor, opening_balance: int) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._redactor = redactor
        self._opening_balance = opening_balance

    def serve(self, frame: bytes, principal: Principal, batch: Batch, *, now_us: int) -> bytes:
        """Serve one frame of a known peer and give the answer that leaves after the commit."""
        try:
            request = read_request(frame)
        except FrameError as error:
            code = ErrorCode.PARSE if str(error).startswith("not JSON") else ErrorCode.INVALID_REQUEST
            return error_frame(None, _error(code, str(error), "bad_request"))
        if request.jsonrpc != "2.0":
            return error_frame(
                request.id, _error(ErrorCode.INVALID_REQUEST, 'jsonrpc must be "2.0"', "bad_request")
            )
        try:
            return self._method(request, principal, batch, now_us)
        except FrameError as error:
            return error_frame(request.id, _error(ErrorCode.INVALID_PARAMS, str(error), "invalid_params"))

    def _method(self, request: Request, principal: Principal, batch: Batch, now_us: int) -> bytes:
        match request.method:
            case Method.CALL:
                return self._call(request, principal, batch, now_us)
            case Method.LIST:
                allowed = [tool.describe() for name, tool in self._tools.items() if may_call(principal, name)]
                return result_frame(request.id, ToolList(tools=allowed))
            case Method.STATUS:
                stored = batch.call(principal.caller, read_status(request.params).idempotency_key)
                return result_frame(request.id, _status(stored))
            case Method.PING:
                return result_frame(request.id, {})
            case _:
                return error_frame(
                    request.id,
                    _error(
                        ErrorCode.UNKNOWN_METHOD,
                        f"there is no method {request.method[:64]}",
                        "unknown_method",
                    ),
                )

    def _call(self, request: Request, principal: Principal, batch: Batch, now_us: int) -> bytes:
        params = read_call(request.params)
        decision = self._decide(params, principal, batch, now_us)
        stored_before = decision.result is not None and decision.result.replayed
        if not stored_before:
            batch.record(self._audit(params, principal, decision, now_us))
        if decision.error is not None:
            return error_frame(request.id, decision.error)
        return result_frame(request.id, decision.result)

    def _decide(self, params: CallParams, principal: Principal, batch: Batch, now_us: int) -> _Decision:
        tool = self._tools.get(params.name)
        if tool is None or not may_call(principal, params.name):
            # The same answer for both: who may not call a tool need not learn that it exists.
            words = f"{principal.caller} may not call {params.name[:64]}"
            return _refuse(Outcome.DENIED, ErrorCode.DENIED, words, "denied")
        key = params.meta.idempotency_key
        if key is None and tool.changes:
            return _invalid(
                f"{tool.name} changes something: _meta.idempotencyKey is needed", "$._meta.idempotencyKey"
            )
        if key is not None and not 0 < len(key) <= MAX_KEY_LENGTH:
            return _invalid(f"a key has 1 to {MAX_KEY_LENGTH} characters", "$._meta.idempotencyKey")
        stored = batch.call(principal.caller, key) if key is not None else None
        if stored is not None:
            return _replay(stored, _digest(params))
        deadline_ms = params.meta.deadline_unix_ms
        if deadline_ms is not None and deadline_ms * 1000 <= now_us:
            return _refuse(
                Outcome.LATE, ErrorCode.LATE, "the deadline had passed before the call began", "late"
            )
        return self._run(tool, params, principal, batch, now_us)

    def _run(
        self, tool: Tool[Any], params: CallParams, principal: Principal, batch: Batch, now_us: int
    ) -> _Decision:
        name = f"{principal.caller}/{params.meta.idempotency_key or now_us}"
        draft = Draft(batch, transfer=name, at_us=now_us, opening_balance=self._opening_balance)
        call = Call(caller=principal.caller, actor=params.meta.actor, at_us=now_us)
        try:
            structured = tool.run(params.arguments, call, draft)
        except msgspec.ValidationError as error:
            words, _, path = str(error).partition(" - at `")
            return _invalid(words, path.rstrip("`") or "$")
        except Refusal as refusal:
            said = {"refused": refusal.kind, "message": str(refusal)}
            return _Decision(outcome=Outcome.REFUSED, result=_result(said, is_error=True))
        batch.take(draft)
        return _Decision(outcome=Outcome.OK, result=_result(structured, is_error=False))

    def _audit(
        self, params: CallParams, principal: Principal, decision: _Decision, now_us: int
    ) -> AuditRecord:
        actor = params.meta.actor
        executed = decision.outcome in (Outcome.OK, Outcome.REFUSED)
        said: object = decision.result.structured_content if decision.result else decision.error
        return AuditRecord(
            at_us=now_us,
            kind="tool",
            caller=principal.caller,
            action=params.name[:96],
            outcome=decision.outcome,
            guild_id=_id(actor.guild_id) if actor else None,
            user_id=_id(actor.user_id) if actor else None,
            message_id=_id(actor.message_id) if actor else None,
            # Only what was executed uses its key up: a denied or late call may be tried again.
            key=params.meta.idempotency_key if executed else None,
            digest=_digest(params) if executed else None,
            arguments=encode(self._redactor.value(params.arguments)).decode()[:MAX_ARGUMENT_TEXT],
            result=encode(said).decode(),
            trace_id=trace_id_of(params.meta.traceparent),
        )


def _digest(params: CallParams) -> str:
    actor = params.meta.actor
    who = (actor.guild_id, actor.user_id) if actor else None
    canonical = msgspec.json.encode([params.name, params.arguments, who], order="sorted")
    return hashlib.blake2b(canonical, digest_size=16).hexdigest()


def _id(text: str | None) -> Snowflake | None:
    """Give an id as the audit keeps it; anything longer than Discord's ids is cut."""
    return Snowflake(text[:20]) if text is not None else None


def _replay(stored: StoredCall, digest: str) -> _Decision:
    if stored.digest != digest:
        words = "this key was used for another call; a new call needs a new key"
        return _refuse(Outcome.CONFLICT, ErrorCode.CONFLICT, words, "conflict")
    structured: Json = msgspec.json.decode(stored.result)
    refused = stored.outcome is Outcome.REFUSED
    return _Decision(outcome=stored.outcome, result=_result(structured, is_error=refused, replayed=True))


def _status(stored: StoredCall | None) -> Json:
    if stored is None:
        return {"state": "unknown"}
    return {
        "state": "done",
        "isError": stored.outcome is not Outcome.OK,
        "structuredContent": msgspec.json.decode(stored.result),
    }


def _result(structured: Json, *, is_error: bool, replayed: bool = False) -> ToolResult:
    text = encode(structured).decode()
    return ToolResult(
        structured_content=structured,
        content=[{"type": "text", "text": text}],
        is_error=is_error,
        replayed=replayed,
    )


def _invalid(words: str, path: str) -> _Decision:
    error = CallError(
        code=ErrorCode.INVALID_PARAMS, message=words, data=ErrorData(kind="invalid_params", path=path)
    )
    return _Decision(outcome=Outcome.INVALID, error=error)


def _refuse(outcome: Outcome, code: ErrorCode, words: str, kind: str) -> _Decision:
    return _Decision(outcome=outcome, error=_error(code, words, kind))


def _error(code: ErrorCode, words: str, kind: str) -> CallError:
    return CallError(code=code, message=words, data=ErrorData(kind=kind))


def unavailable_frame(frame: bytes, error: DroasError) -> bytes:
    """Give the answer to a call whose commit failed: nothing has happened, try again."""
    try:
        request_id = read_request(frame).id
    except FrameError:
        request_id = None
    data = ErrorData(kind="unavailable", retry_after_ms=1000)
    return error_frame(request_id, CallError(code=ErrorCode.UNAVAILABLE, message=str(error), data=data))
