"""Tool calls that are asked again with the same key until they are answered or nobody waits any longer.

The mother executes a key once, so to ask again is always safe; an answer that was lost comes again.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from droas_common.backoff import Backoff
from droas_common.circuit_breaker import Breaker, BreakerRules, admit, after, left
from droas_common.errors import OutsideError, RequestError
from droas_common.tool_client import ToolCallError, ToolUnavailableError
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


class CircuitBreaker:
    """Knows how a mother has answered lately, and when to leave her in peace.

    Args:
        rules: when she is asked no more for a while.
        now: gives the present moment, in seconds.
    """

    def __init__(self, rules: BreakerRules | None, now: Callable[[], float]) -> None:
        self._rules = rules or BreakerRules()
        self._now = now
        self._breaker = Breaker()

    def forgive(self) -> None:
        """Forget what was: another mother is there, who has not failed."""
        self._breaker = Breaker()

    @contextmanager
    def one_try(self) -> Iterator[None]:
        """Watch one try; raises ToolUnavailableError at once while she is left in peace."""
        self._breaker, wait_s = admit(self._breaker, self._rules, now=self._now())
        if wait_s:
            raise ToolUnavailableError("the mother has not answered lately", retry_after_s=wait_s)
        answered: bool | None = None
        try:
            yield
            answered = True
        except RequestError:
            answered = True
            raise
        except OutsideError as error:
            # Who says when to come back is there.
            answered = error.retry_after_s is not None
            raise
        finally:
            if answered is None:  # nobody waited for the answer
                self._breaker = left(self._breaker)
            else:
                self._breaker = after(self._breaker, self._rules, answered=answered, now=self._now())


class Tries:
    """The time of one call, shared by its tries.

    Args:
        timeout_s: seconds for all of them.
        longest_s: seconds for one.
        now: gives the present moment, in seconds.
    """

    def __init__(self, timeout_s: float, *, longest_s: float, now: Callable[[], float]) -> None:
        self._deadline, self._longest_s, self._now = now() + timeout_s, longest_s, now
        self._failures = 0

    def next_s(self) -> float:
        """Give how many seconds the next may take."""
        return min(self._deadline - self._now(), self._longest_s)

    def pause_s(self, error: OutsideError) -> float:
        """Give how many seconds to wait after this failure; raises it when no time is left for another try."""
        self._failures += 1
        wait_s = _BACKOFF.delay_s(failures=self._failures, jitter=random.random())  # noqa: S311 - spreads load
        wait_s = max(wait_s, error.retry_after_s or 0.0)
        if self._now() + wait_s >= self._deadline:
            raise error
        return wait_s


@contextmanager
def telling(key: str) -> Iterator[None]:
    """Put the key of a call into the error that it ends with, so that its caller can ask again."""
    try:
        yield
    except (ToolCallError, ToolUnavailableError) as error:
        error.idempotency_key = key
        raise


class RetryingTools:
    """Calls tools, again and again with one key, within one deadline.

    Args:
        calls: makes one try.
        rules: when it stops asking a mother who does not answer.
    """

    def __init__(self, calls: Tools, rules: BreakerRules | None = None) -> None:
        self._calls = calls
        self._breaker = CircuitBreaker(rules, lambda: asyncio.get_running_loop().time())

    def forgive(self) -> None:
        """Ask without a rest: another mother is there, who has not failed."""
        self._breaker.forgive()

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
            ToolCallError: refused; the same call would be refused again.
            ToolUnavailableError: no answer within the time; whether it was done, `calls/status` tells by its
                `idempotency_key`.
        """
        key = idempotency_key or fresh_key()
        tries = Tries(timeout_s, longest_s=_LONGEST_TRY_S, now=asyncio.get_running_loop().time)
        with telling(key):
            while True:
                try:
                    with self._breaker.one_try():
                        return await self._calls.call(
                            name, arguments, actor=actor, timeout_s=tries.next_s(), idempotency_key=key
                        )
                except OutsideError as error:
                    await asyncio.sleep(tries.pause_s(error))
