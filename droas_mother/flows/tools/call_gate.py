"""What a call must pass before it is done: scope, key, deadline, proof of its actor, rates."""

from collections.abc import Callable
from typing import Any

from droas_common.wire.calls import Actor, CallError, CallParams, ErrorCode, ErrorData
from droas_mother.core.bookkeeping.records import Outcome
from droas_mother.core.tools.authorization import Principal, PrincipalKind, may_act_for, may_call
from droas_mother.core.tools.rate_limits import Buckets, Rate
from droas_mother.core.tools.tool_settings import ToolSettings
from droas_mother.flows.tools.services.registry import Tool

_MAX_BUCKETS = 50_000
_UNPROVEN_RETRY_MS = 250
"""The mother may see a message a moment after the bot that it asks."""

Refused = tuple[Outcome, CallError]
Proves = Callable[[Actor], bool | None]
"""Says whether the mother has seen what an actor is said to have written; None when she cannot see."""


class CallGate:
    """Checks calls, one after another.

    Args:
        settings: how tools may be called.
        proves: says whether an actor's message was really seen.
    """

    def __init__(self, settings: ToolSettings, proves: Proves) -> None:
        self._proves = proves
        self._buckets: Buckets[tuple[str, ...]] = Buckets(_MAX_BUCKETS)
        self.hold_to(settings)

    def hold_to(self, settings: ToolSettings) -> None:
        """Check by these settings from the next call on; another thread may say so."""
        self._settings = settings
        self._caller_rate = _rate(settings.caller_rate)
        self._actor_rate = _rate(settings.actor_rate)
        self._tool_rates = {name: _rate(rate) for name, rate in settings.tool_rates.items()}

    def check_scope(self, tool: Tool[Any] | None, params: CallParams, principal: Principal) -> Refused | None:
        """Refuse what is outside the caller's scope; who may not call a tool need not learn that it exists."""
        if tool is None or not may_call(principal, params.name):
            return denied(f"{principal.caller} may not call {params.name[:64]}", "denied")
        if not may_act_for(principal, params.meta.actor):
            guild_id = params.meta.actor.guild_id if params.meta.actor else None
            whose = f"members of the group {guild_id}" if guild_id else "a member without naming the group"
            return denied(f"{principal.caller} may not call for {whose}", "denied")
        return None

    def check_key(self, tool: Tool[Any], params: CallParams) -> Refused | None:
        """Refuse a change without a key."""
        key = params.meta.idempotency_key
        if key is None and tool.changes:
            words = f"{tool.name} changes something: _meta.idempotencyKey is needed"
            return invalid(words, "$._meta.idempotencyKey")
        return None

    def check_now(
        self, tool: Tool[Any], params: CallParams, principal: Principal, now_us: int
    ) -> Refused | None:
        """Refuse what comes too late, for somebody who has not spoken, or too often."""
        deadline_ms = params.meta.deadline_unix_ms
        if deadline_ms is not None and deadline_ms * 1000 <= now_us:
            words = "the deadline had passed before the call began"
            return Outcome.LATE, error(ErrorCode.LATE, words, "late")
        if tool.changes and principal.kind is PrincipalKind.BOT and not self._proven(params.meta.actor):
            words = "the mother has not seen this message of this member in this group"
            code = ErrorCode.UNPROVEN
            return Outcome.DENIED, error(code, words, "unproven", retry_after_ms=_UNPROVEN_RETRY_MS)
        return self._check_rates(tool, params.meta.actor, principal, now_us * 1000)

    def _proven(self, actor: Actor | None) -> bool:
        if self._settings.provenance == "off" or actor is None:
            return True  # a tool that needs an actor refuses a call without one by itself
        return self._proves(actor) is not False

    def _check_rates(
        self, tool: Tool[Any], actor: Actor | None, principal: Principal, now_ns: int
    ) -> Refused | None:
        take = self._buckets.take
        wait_ns = take((principal.caller,), principal.rate or self._caller_rate, now_ns)
        whose = principal.caller
        if not wait_ns and actor is not None and principal.kind is PrincipalKind.BOT:
            who = (actor.guild_id or "", actor.user_id)
            wait_ns, whose = take(who, self._actor_rate, now_ns), "this member"
            rate = self._tool_rates.get(tool.name)
            if not wait_ns and rate is not None:
                wait_ns, whose = take((*who, tool.name), rate, now_ns), f"this member's {tool.name}"
        if not wait_ns:
            return None
        words = f"{whose} is called too often; again in {wait_ns / 1e9:.1f} s"
        return Outcome.LIMITED, error(
            ErrorCode.LIMITED, words, "limited", retry_after_ms=wait_ns // 1_000_000 + 1
        )


def denied(words: str, kind: str) -> Refused:
    """Give the refusal of somebody who may not."""
    return Outcome.DENIED, error(ErrorCode.DENIED, words, kind)


def invalid(words: str, path: str) -> Refused:
    """Give the refusal of a call that is wrong at this place."""
    data = ErrorData(kind="invalid_params", path=path)
    return Outcome.INVALID, CallError(code=ErrorCode.INVALID_PARAMS, message=words, data=data)


def misplaced(fault: str) -> CallError:
    """Give the error for what a decoder says: words, and behind them the place."""
    words, _, path = fault.partition(" - at `")
    return invalid(words, path.rstrip("`") or "$")[1]


def error(code: ErrorCode, words: str, kind: str, *, retry_after_ms: int | None = None) -> CallError:
    """Give an error with what a machine can do about it."""
    return CallError(code=code, message=words, data=ErrorData(kind=kind, retry_after_ms=retry_after_ms))


def _rate(settings: Any) -> Rate:
    return Rate(per_s=settings.per_s, burst=settings.burst)
