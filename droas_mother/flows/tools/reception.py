"""Where requests arrive: those that can be read wait their turn, the others are answered at once."""

import time
from typing import Any

from droas_common.logs import log
from droas_common.wire.calls import (
    CallError,
    ErrorCode,
    Method,
    Request,
    error_frame,
    read_call,
    read_cancel,
    read_request,
    result_frame,
)
from droas_common.wire.frames import FrameError
from droas_mother.core.tools.fair_queue import FairQueue
from droas_mother.core.tools.fault_limit import PAUSE_S, FaultLimit
from droas_mother.flows.tools.call_gate import error, misplaced
from droas_mother.flows.tools.waiting_calls import GatewayFigures, Waiting, weight_of
from droas_mother.ports import CallSocket, Question

_RETRY_MS = 200


class Reception:
    """Takes in requests; used by the gateway's thread alone.

    Args:
        socket: where answers go.
        waiting: where requests wait their turn.
        figures: what is counted.
    """

    def __init__(self, socket: CallSocket[Any], waiting: FairQueue[Waiting], figures: GatewayFigures) -> None:
        self._socket = socket
        self._waiting = waiting
        self._figures = figures
        self._fault_limit = FaultLimit()
        self._withdrawn: list[Waiting] = []

    def admit(self, question: Question) -> None:
        """Let a request wait its turn; what cannot be read, or finds no room, is answered at once."""
        now = time.perf_counter()
        if not self._fault_limit.listens(question.principal.caller, now=now):
            self._figures.unread += 1
            return
        try:
            request = read_request(question.frame)
        except FrameError as fault:
            self._disappoint(question, None, error(_code_of(fault), str(fault), "bad_request"), now)
            return
        if request.jsonrpc != "2.0":
            said = error(ErrorCode.INVALID_REQUEST, 'jsonrpc must be "2.0"', "bad_request")
            self._disappoint(question, request, said, now)
        elif request.method == Method.CANCEL:
            self._cancel(question, request, now)
        else:
            self._queue(question, request, now)

    def take_withdrawn(self) -> list[Waiting]:
        """Give the requests that their callers have taken back since the last time."""
        withdrawn, self._withdrawn = self._withdrawn, []
        return withdrawn

    def _queue(self, question: Question, request: Request, now: float) -> None:
        try:
            params = read_call(request.params) if request.method == Method.CALL else None
        except FrameError as fault:
            self._disappoint(question, request, misplaced(str(fault)), now)
            return
        waiting = Waiting(question, request, params, now)
        if not self._waiting.put(question.principal.caller, request.id, waiting, weight_of(question.frame)):
            words = "too much waits already"
            said = error(ErrorCode.OVERLOADED, words, "overloaded", retry_after_ms=_RETRY_MS)
            self._refuse(question, request, said)

    def _cancel(self, question: Question, request: Request, now: float) -> None:
        """Take back a request that waits; one that is being committed is too far for it."""
        try:
            wanted = read_cancel(request.params).request_id
        except FrameError as fault:
            self._disappoint(question, request, misplaced(str(fault)), now)
            return
        caller = question.principal.caller
        found = self._waiting.withdraw(caller, wanted)
        if found is not None:
            self._withdrawn.append(found)
            said = error(ErrorCode.CANCELLED, "the caller does not want it any more", "cancelled")
            self._refuse(found.question, found.request, said)
        self._socket.answer(question, result_frame(request.id, {"cancelled": found is not None}))

    def _disappoint(self, question: Question, request: Request | None, said: CallError, now: float) -> None:
        """Refuse a faulty frame; a caller who sends too many of them is not read for a while, and told so."""
        caller = question.principal.caller
        if not self._fault_limit.bears(caller, now=now):
            log.warning("caller_not_read", caller=caller, pause_s=PAUSE_S)
            words = f"too many faulty frames: nothing is read of {caller} for {PAUSE_S:g} s"
            said = error(ErrorCode.LIMITED, words, "limited", retry_after_ms=int(PAUSE_S * 1000))
        self._refuse(question, request, said)

    def _refuse(self, question: Question, request: Request | None, said: CallError) -> None:
        """Answer a request that no group will see."""
        self._figures.refused += 1
        self._socket.answer(question, error_frame(request.id if request else None, said))


def _code_of(fault: FrameError) -> ErrorCode:
    return ErrorCode.PARSE if str(fault).startswith("not JSON") else ErrorCode.INVALID_REQUEST
