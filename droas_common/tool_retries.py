"""Tool calls that are asked again with the same key until they are answered or nobody waits any longer.

The mother executes a key once, so to ask again is always safe; an answer that was lost comes again.
"""

import asyncio
import random
import secrets
import time
from typing import Protocol

from droas_common.backoff import Backoff
from droas_common.circuit_breaker import Breaker, BreakerRules, admit, after
from droas_common.errors import OutsideError, RequestError
from droas_common.wire.calls import Actor, Json, ToolDescription, ToolResult

_BACKOFF = Backoff(first_s=0.1, factor=2.0, cap_s=2.0, eager=False)
_LONGEST_TRY_S = 5.0
"""One try waits no longer: its answer may be lost, and the next try gets it."""


class Tools(Protocol):
    """The mother's tools, however they are reached."""

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give the tools that may be called; raises OutsideError."""
        ...

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Call one; raises RequestError when refused, OutsideError without an answer."""
        ...


def fresh_key() -> str:
    """Make an idempotency key: it rises with time, which keeps an index of them small, and is never made twice."""
    return f"{time.time_ns() // 1_000_000:012x}-{secrets.token_hex(8)}"


class RetryingTools:
    """Calls tools, again and again with one key, within one deadline.

    Args:
        calls: makes one try.
        rules: when it stops asking a mother who does not answer.
    """

    def __init__(self, calls: Tools, rules: BreakerRules | None = None) -> None:
        self._calls = calls
        self._rules = rules or BreakerRules()
        self._breaker = Breaker()

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give the tools that may be called; raises OutsideError."""
        return await self._calls.list_tools(timeout_s=timeout_s)

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
            name: the tool's name.
            arguments: what its schema asks for.
            actor: the Discord user on whose behalf.
            timeout_s: seconds for all tries together.
            idempotency_key: names the effect; made when absent.

        Raises:
            RequestError: refused; the same call would be refused again.
            OutsideError: no answer within the time; whether it was done, `calls/status` tells by its key.
        """
        key = idempotency_key or fresh_key()
        now = asyncio.get_running_loop().time
        deadline, failures = now() + timeout_s, 0
        while True:
            left_s = deadline - now()
            try:
                return await self._once(name, arguments, actor, key, min(left_s, _LONGEST_TRY_S))
            except OutsideError as error:
                failures += 1
                wait_s = _BACKOFF.delay_s(failures=failures, jitter=random.random())  # noqa: S311 - spreads load
                wait_s = max(wait_s, error.retry_after_s or 0.0)
                if now() + wait_s >= deadline:
                    raise
                await asyncio.sleep(wait_s)

    async def _once(
        self, name: str, arguments: Json, actor: Actor | None, key: str, timeout_s: float
    ) -> ToolResult:
        now = asyncio.get_running_loop().time
        self._breaker, wait_s = admit(self._breaker, self._rules, now=now())
        if wait_s:
            raise OutsideError("the mother has not answered lately", retry_after_s=wait_s)
        answered = False
        try:
            result = await self._calls.call(
                name, arguments, actor=actor, timeout_s=timeout_s, idempotency_key=key
            )
            answered = True
        except RequestError:
            answered = True
            raise
        except OutsideError as error:
            # Who says when to come back is there.
            answered = error.retry_after_s is not None
            raise
        finally:
            self._breaker = after(self._breaker, self._rules, answered=answered, now=now())
        return result
