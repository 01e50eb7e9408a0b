"""One tool call: who asks, may he, was it asked before, do it, write it down, answer.

Nothing here waits or touches the world: requests come in, frames and changes go out. The gateway thread
commits the changes of a whole batch and only then lets the answers leave.
"""

import hashlib
import time
from collections.abc import Iterable
from typing import Any

import msgspec

from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_common.redaction import Redactor
from droas_common.tracing import trace_id_of
from droas_common.wire.calls import (
    CallError,
    CallParams,
    ErrorCode,
    Method,
    Request,
    ToolList,
    check_object,
    error_frame,
    read_status,
    result_frame,
)
from droas_common.wire.frames import FrameError, encode
from droas_common.wire.plain_texts import in_words
from droas_common.wire.results import GivenResult, result_of
from droas_mother.core.bookkeeping.books import Batch, Changes, Draft
from droas_mother.core.bookkeeping.records import AuditRecord, Hold, Outcome, StoredCall
from droas_mother.core.configuration.fields import nearest
from droas_mother.core.tools.authorization import Principal, PrincipalKind, may_call
from droas_mother.core.tools.refusals import Refusal
from droas_mother.flows.tools.call_gate import CallGate, error, invalid, misplaced
from droas_mother.flows.tools.known_results import KnownResults
from droas_mother.flows.tools.services.economy import expire
from droas_mother.flows.tools.services.registry import Call, Tool

MAX_AUDIT_TEXT = 4_000
"""Characters of a call's arguments kept in the audit; no tool takes more, and cutting them could halve a secret."""

_canonical = msgspec.json.Encoder(order="sorted")


class Decision(msgspec.Struct, frozen=True):
    """What became of a call: the answer and how it is recorded."""

    outcome: Outcome
    result: GivenResult | None = None
    error: CallError | None = None


class ToolDesk:
    """Serves calls, one after another, within a batch.

    Args:
        tools: what can be called.
        gate: what calls must pass.
        redactor: masks secrets in what the audit keeps.
        opening_balance: coins that a new account is given.
        known: results that need not be made anew; None where none are kept.
    """

    def __init__(
        self,
        tools: Iterable[Tool[Any]],
        *,
        gate: CallGate,
        redactor: Redactor,
        opening_balance: int,
        known: KnownResults | None = None,
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._gate = gate
        self._redactor = redactor
        self._opening_balance = opening_balance
        self._known = known

    def open_with(self, opening_balance: int) -> None:
        """Give new accounts so many coins from now on; what was answered by other rules is not told again."""
        self._opening_balance = opening_balance
        if self._known is not None:
            self._known.forget()

    def expect(self, calls: Iterable[CallParams | None]) -> None:
        """Look up at once what is known of the calls of a group, before they are served."""
        if self._known is not None:
            self._known.expect([call for call in calls if call is not None and self._cacheable(call)])

    def settle(self, changes: Changes) -> None:
        """Keep no result that these changes make untrue; called before they are committed."""
        if self._known is not None:
            self._known.settle(changes)

    def _cacheable(self, call: CallParams) -> bool:
        tool = self._tools.get(call.name)
        return tool is not None and tool.cacheable

    def serve(
        self, request: Request, params: CallParams | None, principal: Principal, batch: Batch, *, now_us: int
    ) -> bytes:
        """Serve one request of a known peer and give the answer that leaves after the commit.

        Args:
            request: what is asked.
            params: what a `tools/call` asks for; None for any other method.
            principal: who asks.
            batch: what it changes goes here.
            now_us: unix microseconds.
        """
        if params is not None:
            return self._call(request, params, principal, batch, now_us)
        try:
            return self._method(request, principal, batch)
        except FrameError as fault:
            return error_frame(request.id, misplaced(str(fault)))

    def fail(
        self, request: Request, params: CallParams | None, principal: Principal, batch: Batch, *, now_us: int
    ) -> bytes:
        """Answer a request that failed by a defect of ours, and write a call down as failed; as `serve`."""
        said = _defect("a defect of the mother; nothing was changed, and the log says more")
        if params is not None:
            decision = Decision(outcome=Outcome.FAILED, error=said)
            batch.record(self._audit(params, principal, decision, now_us, 0))
        return error_frame(request.id, said)

    def withdrawn(self, params: CallParams, principal: Principal, *, now_us: int) -> AuditRecord:
        """Give what is written of a call that its caller has taken back before it began."""
        said = error(ErrorCode.CANCELLED, "the caller does not want it any more", "cancelled")
        return self._audit(params, principal, Decision(outcome=Outcome.CANCELLED, error=said), now_us, 0)

    def expire(self, hold: Hold, batch: Batch, *, now_us: int) -> None:
        """Give coins whose time is over back to their owner."""
        known = batch.find(Hold, hold.key)
        if known is not None:
            draft = Draft(batch, transfer=f"expired/{hold.hold_id}", at_us=now_us, opening_balance=0)
            expire(known, draft)
            batch.take(draft)

    def _method(self, request: Request, principal: Principal, batch: Batch) -> bytes:
        match request.method:
            case Method.LIST:
                check_object(request.params)
                allowed = [tool.describe() for name, tool in self._tools.items() if may_call(principal, name)]
                return result_frame(request.id, ToolList(tools=allowed))
            case Method.STATUS:
                stored = batch.call(principal.caller, read_status(request.params).idempotency_key)
                return result_frame(request.id, _status(stored))
            case Method.PING:
                check_object(request.params)
                return result_frame(request.id, {})
            case _:
                words = f"there is no method {request.method[:64]!a}"
                return error_frame(request.id, error(ErrorCode.UNKNOWN_METHOD, words, "unknown_method"))

    def _call(
        self, request: Request, params: CallParams, principal: Principal, batch: Batch, now_us: int
    ) -> bytes:
        began = time.perf_counter_ns()
        decision = self._decide(params, principal, batch, now_us)
        if decision.result is None or not decision.result.replayed:
            duration_us = (time.perf_counter_ns() - began) // 1000
            batch.record(self._audit(params, principal, decision, now_us, duration_us))
        if decision.error is not None:
            return error_frame(request.id, decision.error)
        return result_frame(request.id, decision.result)

    def _decide(self, params: CallParams, principal: Principal, batch: Batch, now_us: int) -> Decision:
        tool = self._tools.get(params.name)
        if tool is None and principal.kind is PrincipalKind.OPERATOR:  # who may call all need not guess
            close = nearest(params.name, self._tools)
            words = f"there is no tool {params.name[:64]}" + (f"; did you mean {close}?" if close else "")
            said = error(ErrorCode.INVALID_PARAMS, words, "invalid_params")
            return Decision(outcome=Outcome.INVALID, error=said)
        refused = self._gate.check_scope(tool, params, principal)
        if refused is not None or tool is None:
            return _refused(refused or invalid("there is no such tool", "$.name"))
        refused = self._gate.check_key(tool, params)
        if refused is not None:
            return _refused(refused)
        key = params.meta.idempotency_key
        stored = batch.call(principal.caller, key) if key is not None else None
        if stored is not None:
            return _replay(stored, params)
        refused = self._gate.check_now(tool, params, principal, now_us)
        return _refused(refused) if refused is not None else self._run(tool, params, principal, batch, now_us)

    def _run(
        self, tool: Tool[Any], params: CallParams, principal: Principal, batch: Batch, now_us: int
    ) -> Decision:
        known_as = self._known.name_of(params) if self._known is not None and tool.cacheable else None
        if self._known is not None and known_as is not None:
            known = self._known.find(known_as, batch.changes)
            if known is not None:
                return Decision(outcome=Outcome.OK, result=result_of(known.decode()))
        name = f"{principal.caller}/{params.meta.idempotency_key or now_us}"[:160]
        draft = Draft(batch, transfer=name, at_us=now_us, opening_balance=self._opening_balance)
        call = Call(caller=principal.caller, actor=params.meta.actor, at_us=now_us, name=name)
        try:
            result = result_of(encode(tool.run(params.arguments, call, draft)).decode())
        except OutsideError:
            raise  # the store fails, and with it the whole group
        except msgspec.ValidationError as fault:
            what, _, path = in_words(str(fault)).partition(" - at `")
            return _refused(invalid(what, path.rstrip("`") or "$"))
        except Refusal as refusal:
            words = {"refused": refusal.kind, "message": str(refusal)}
            return Decision(outcome=Outcome.REFUSED, result=result_of(encode(words).decode(), is_error=True))
        except Exception as fault:  # noqa: BLE001 - border of the tool: its defect is this call's alone
            log.opt(exception=fault).error("tool_failed", tool=tool.name, caller=principal.caller)
            said = _defect(f"{tool.name} has a defect; nothing was changed, and the log says more")
            return Decision(outcome=Outcome.FAILED, error=said)
        batch.take(draft)
        if self._known is not None and known_as is not None:
            self._known.note(known_as, params, result.text, batch.changes)
        return Decision(outcome=Outcome.OK, result=result)

    def _audit(
        self, params: CallParams, principal: Principal, decision: Decision, now_us: int, duration_us: int
    ) -> AuditRecord:
        actor = params.meta.actor
        executed = decision.outcome in (Outcome.OK, Outcome.REFUSED)
        arguments = _canonical.encode(params.arguments)
        # The text that the caller reads is the structured result, written once already.
        result = decision.result.text if decision.result else encode(decision.error).decode()
        return AuditRecord(
            at_us=now_us,
            kind="tool",
            caller=principal.caller,
            action=params.name[:96],
            outcome=decision.outcome,
            guild_id=actor.guild_id if actor else None,
            user_id=actor.user_id if actor else None,
            message_id=actor.message_id if actor else None,
            # Only what was executed uses its key up: a denied or late call may be tried again.
            key=params.meta.idempotency_key if executed else None,
            digest=call_digest(params, arguments) if executed else None,
            arguments=self._masked(arguments),
            result=result,
            result_bytes=len(result),
            trace_id=trace_id_of(params.meta.traceparent),
            duration_us=duration_us,
        )

    def _masked(self, arguments: bytes) -> str:
        text = arguments.decode()
        if len(text) > MAX_AUDIT_TEXT:
            return encode({"omitted": f"{len(text)} characters"}).decode()
        return self._redactor.json_text(text)


def _defect(words: str) -> CallError:
    return error(ErrorCode.INTERNAL, words, "internal")


def call_digest(params: CallParams, arguments: bytes) -> str:
    """Give what tells a retry from another call with the same key.

    Args:
        params: the call.
        arguments: its arguments as JSON, sorted by name.
    """
    actor = params.meta.actor
    name, who = _canonical.encode(params.name), (actor.guild_id, actor.user_id) if actor else None
    whole = b"[%b,%b,%b]" % (name, arguments, _canonical.encode(who))
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def _replay(stored: StoredCall, params: CallParams) -> Decision:
    """Answer as before; of a call that named somebody who was forgotten, only how it ended is known."""
    if stored.digest and stored.digest != call_digest(params, _canonical.encode(params.arguments)):
        words = "this key was used for another call; a new call needs a new key"
        return Decision(outcome=Outcome.CONFLICT, error=error(ErrorCode.CONFLICT, words, "conflict"))
    refused = stored.outcome is Outcome.REFUSED
    return Decision(outcome=stored.outcome, result=result_of(stored.result, is_error=refused, replayed=True))


def _status(stored: StoredCall | None) -> dict[str, object]:
    if stored is None:
        return {"state": "unknown"}
    return {
        "state": "done",
        "isError": stored.outcome is not Outcome.OK,
        "structuredContent": msgspec.Raw(stored.result.encode()),
    }


def _refused(refused: tuple[Outcome, CallError]) -> Decision:
    outcome, said = refused
    return Decision(outcome=outcome, error=said)
